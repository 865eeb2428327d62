"""Prints what src/evaluate/calibration.test.ts expects: ECE and MCE (Guo et al. 2017) and Brier's score by numpy.

    python3 tools/goldens/calibration.py
"""

import numpy as np

BINS = 15
logits = 4 * np.sin(12.9898 * (np.arange(5000) + 1)).reshape(1000, 5)
labels = 7 * np.arange(1000) % 5
probabilities = np.exp(logits - logits.max(1, keepdims=True))
probabilities /= probabilities.sum(1, keepdims=True)
confidence, predicted = probabilities.max(1), probabilities.argmax(1)
bins = np.digitize(confidence, np.linspace(0, 1, BINS + 1), right=True) - 1
gaps = [abs((predicted == labels)[bins == b].mean() - confidence[bins == b].mean()) for b in np.unique(bins)]
weights = [(bins == b).mean() for b in np.unique(bins)]
brier = ((probabilities - np.eye(5)[labels]) ** 2).sum(1).mean()
print(f"ece {np.dot(weights, gaps):.17g} mce {max(gaps):.17g} brier {brier:.17g}")
