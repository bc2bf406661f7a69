"""What other libraries call our rows: hints for those who type such a word, which is refused.

A word is compared without its case, its underscores and a "loss" at its end, so that ``MSELoss``,
``mse_loss`` and ``mse`` are one. A word that spelling alone leads home (``ReLU``) needs no entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# kind: {our name: words of others}; scikit-learn, PyTorch, Keras, JAX and the textbooks.
ALIASES: Mapping[str, Mapping[str, str]] = {
    "activation": {
        "sigmoid": "logistic expit logsig",
        "tanh": "hyperbolic_tangent tansig",
        "identity": "linear none purelin",
        "silu": "swish",
        "relu": "rectifier rectified_linear poslin",
        "sin": "sine siren",
        "exp": "exponential",
    },
    "cost": {
        "squared_error": "mse mean_squared_error sse l2 quadratic squares least_squares",
        "absolute_error": "mae mean_absolute_error l1 least_absolute_deviation",
        "cross_entropy": "ce xent log_loss logistic nll negative_log_likelihood deviance",
        "binary_cross_entropy": "bce bce_with_logits sigmoid_cross_entropy",
        "categorical_cross_entropy": "cce softmax_cross_entropy sparse_categorical_crossentropy",
        "huber": "smooth_l1",
        "quantile": "pinball check",
    },
    "scheme": {
        "xavier": "glorot glorot_normal glorot_uniform",
        "he": "kaiming kaiming_normal kaiming_uniform",
        "normal": "gaussian randn",
    },
    "instruction set": {
        "v4": "avx512 avx512f x86_64_v4",
        "v3": "avx2 avx fma haswell x86_64_v3",
        "v2": "sse sse4 sse42 x86_64_v2",
        "neon": "asimd",
    },
}

NOTES: Mapping[str, str] = {
    "cost": "Every cost here is summed over the outputs and averaged over the examples."
}
"""What may differ though the name is found."""


def _folded(word: str) -> str:
    return re.sub(r"[\W_]", "", word).casefold().removesuffix("loss")


_MEANT = {
    (kind, _folded(word)): name
    for kind, names in ALIASES.items()
    for name, words in names.items()
    for word in words.split()
}


def meant(kind: str, word: str) -> str:
    """Return what a word of another library is called here, or an empty text.

    Examples
    --------
    >>> meant("cost", "MSELoss"), meant("activation", "logistic"), meant("cost", "logistic")
    ('squared_error', 'sigmoid', 'cross_entropy')
    >>> meant("cost", "hinge")
    ''
    """
    return _MEANT.get((kind, _folded(word)), "")


def note(kind: str, word: str) -> str:
    """Return what to mind about a word of another library, or an empty text."""
    return NOTES.get(kind, "") if meant(kind, word) else ""
