# Reads a TensorBoard event file and prints its events as JSON. Written from the specifications alone, with Python's standard library:
# TFRecord (u64 length, masked CRC-32C, data, masked CRC-32C) and event.proto / summary.proto of tensorboard.
import json
import struct
import sys

TABLE = []
for n in range(256):
    for _ in range(8):
        n = (n >> 1) ^ 0x82F63B78 if n & 1 else n >> 1
    TABLE.append(n)


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        (length_crc,) = struct.unpack_from("<I", data, at + 8)
        assert length_crc == masked_crc(data[at : at + 8]), f"length at {at}"
        body = data[at + 12 : at + 12 + length]
        (crc,) = struct.unpack_from("<I", data, at + 12 + length)
        assert crc == masked_crc(body), f"data at {at}"
        yield body
        at += length + 16


def fields(data):
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            yield number, varint()
        else:
            length = varint() if kind == 2 else {1: 8, 5: 4}[kind]
            yield number, data[at : at + length]
            at += length


def double(data):
    return struct.unpack("<d", data)[0]


def doubles(data):
    return list(struct.unpack(f"<{len(data) // 8}d", data))


def read(data, names):
    return {name: convert(value) for number, value in fields(data) for name, convert in [names[number]]}


IMAGE = {1: ("height", int), 2: ("width", int), 3: ("colorspace", int), 4: ("png", bytes.hex)}
HISTO = {i + 1: (name, double) for i, name in enumerate(["min", "max", "num", "sum", "sum_squares"])}
HISTO |= {6: ("bucket_limit", doubles), 7: ("bucket", doubles)}
VALUE = {
    1: ("tag", bytes.decode),
    2: ("simple_value", lambda data: struct.unpack("<f", data)[0]),
    4: ("image", lambda data: read(data, IMAGE)),
    5: ("histo", lambda data: read(data, HISTO)),
}
EVENT = {
    1: ("wall_time", double),
    2: ("step", int),
    3: ("file_version", bytes.decode),
    5: ("values", lambda data: [read(value, VALUE) for number, value in fields(data) if number == 1]),
}

with open(sys.argv[1], "rb") as file:
    content = file.read()
events = [{"step": 0, "values": [], **read(record, EVENT)} for record in records(content)]
json.dump(events, sys.stdout)
