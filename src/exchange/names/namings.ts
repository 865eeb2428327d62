// How families of weights name the tensors of a ResNet, each as a table: their name, and torchvision's, which is ours.
import type { ZeroPadding } from "../../spec/spec.ts";

export interface Naming {
  readonly name: string;
  /** Whose it is, for people. */
  readonly whose: string;
  /** Theirs and ours, as nameTemplate has them. A name that fits no row is not of this family. */
  readonly rows: readonly (readonly [theirs: string, ours: string])[];
  /** Their dense layer is a 1×1 convolution: its weights are [classes, features, 1, 1]. */
  readonly hasConvolutionHead: boolean;
  /** Where their option A puts its zeros, which no tensor tells; null where they have no option A. */
  readonly zeroPadding: ZeroPadding | null;
}

/**
 * timm's ResNetV2 (timm/models/resnetv2.py): pre-activation, the stem bare. The family `resnetv2_50x1_bit` and others with group
 * normalisation have these names as well, but no running statistics: no network of ours takes them.
 */
const timmV2: Naming = {
  name: "timm-resnetv2",
  whose: "timm's resnetv2",
  rows: [
    ["stem.conv.*", "conv1.*"],
    ["stages.{s}.blocks.{b}.norm{i}.*", "layer{s+1}.{b}.bn{i}.*"],
    ["stages.{s}.blocks.{b}.conv{i}.*", "layer{s+1}.{b}.conv{i}.*"],
    ["stages.{s}.blocks.{b}.downsample.conv.*", "layer{s+1}.{b}.downsample.0.*"],
    ["norm.*", "bn.*"],
    ["head.fc.*", "fc.*"],
  ],
  hasConvolutionHead: true,
  zeroPadding: null,
};

/**
 * The common PyTorch ports of the CIFAR networks (akamaster/pytorch_resnet_cifar10, kuangliu/pytorch-cifar): torchvision's names but
 * for the dense layer and the projections. Their option A pads with zeros on both sides.
 */
const cifarPorts: Naming = {
  name: "cifar-ports",
  whose: "the PyTorch ports for CIFAR",
  rows: [
    ["conv1.*", "conv1.*"],
    ["bn1.*", "bn1.*"],
    ["layer{s}.{b}.conv{i}.*", "layer{s}.{b}.conv{i}.*"],
    ["layer{s}.{b}.bn{i}.*", "layer{s}.{b}.bn{i}.*"],
    ["layer{s}.{b}.shortcut.{i}.*", "layer{s}.{b}.downsample.{i}.*"],
    ["bn.*", "bn.*"],
    ["linear.*", "fc.*"],
  ],
  hasConvolutionHead: false,
  zeroPadding: "around",
};

/** Hugging Face transformers' ResNetForImageClassification, such as microsoft/resnet-50. */
const transformers: Naming = {
  name: "transformers",
  whose: "Hugging Face transformers",
  rows: [
    ["resnet.embedder.embedder.convolution.*", "conv1.*"],
    ["resnet.embedder.embedder.normalization.*", "bn1.*"],
    ["resnet.encoder.stages.{s}.layers.{b}.layer.{i}.convolution.*", "layer{s+1}.{b}.conv{i+1}.*"],
    ["resnet.encoder.stages.{s}.layers.{b}.layer.{i}.normalization.*", "layer{s+1}.{b}.bn{i+1}.*"],
    ["resnet.encoder.stages.{s}.layers.{b}.shortcut.convolution.*", "layer{s+1}.{b}.downsample.0.*"],
    ["resnet.encoder.stages.{s}.layers.{b}.shortcut.normalization.*", "layer{s+1}.{b}.downsample.1.*"],
    ["classifier.1.*", "fc.*"],
  ],
  hasConvolutionHead: false,
  zeroPadding: null,
};

/** Ours: torchvision's, which timm's ResNets, ResNeXts and wide ResNets have as well. Any name is of this family. */
export const torchvision: Naming = {
  name: "torchvision",
  whose: "torchvision, and timm's resnet and resnext",
  rows: [["*", "*"]],
  hasConvolutionHead: false,
  zeroPadding: null,
};

/** In the order in which they are tried; the last takes every name. */
export const namings: readonly Naming[] = [timmV2, cifarPorts, transformers, torchvision];

/** What wrappers put before every name: DataParallel, torch.compile, and training scripts that keep the network in a member. */
export const prefixes = ["module.", "_orig_mod.", "model.", "net.", "network."] as const;
