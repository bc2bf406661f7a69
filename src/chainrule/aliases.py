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
        "cross_entropy": "ce xent log_loss logistic nll negative_log_likelihood deviance "
        "CrossEntropyLoss",
        "binary_cross_entropy": "bce bce_with_logits sigmoid_cross_entropy",
        "categorical_cross_entropy": "cce softmax_cross_entropy sparse_categorical_crossentropy "
        "sparse_softmax_cross_entropy",
        "huber": "smooth_l1",
        "poisson": "poisson_nll",
        "quantile": "pinball check",
    },
    "scheme": {
        "xavier": "glorot glorot_normal glorot_uniform xavier_normal xavier_uniform",
        "he": "kaiming kaiming_normal kaiming_uniform he_normal he_uniform",
        "normal": "gaussian randn",
    },
    "instruction set": {
        "v4": "avx512 avx512f x86_64_v4",
        "v3": "avx2 avx fma haswell x86_64_v3",
        "v2": "sse sse4 sse42 x86_64_v2",
        "neon": "asimd",
    },
}

_PROBABILITIES = "Here it takes probabilities, not logits: the last layer's activation is {}."
_COLUMNS = "A target is a column with a 1 in the row of its class, not a label."
_NORMAL = "Weights here are normal, not uniform, with the same standard deviation."

# (kind, word of others): what differs here from what that word means there, though it leads home.
NOTES: Mapping[tuple[str, str], str] = {
    ("cost", "bce_with_logits"): _PROBABILITIES.format("sigmoid"),
    ("cost", "sigmoid_cross_entropy"): _PROBABILITIES.format("sigmoid"),
    ("cost", "softmax_cross_entropy"): _PROBABILITIES.format("softmax"),
    ("cost", "CrossEntropyLoss"): f"{_PROBABILITIES.format('softmax')} {_COLUMNS}",
    ("cost", "sparse_softmax_cross_entropy"): f"{_PROBABILITIES.format('softmax')} {_COLUMNS}",
    ("cost", "sparse_categorical_crossentropy"): _COLUMNS,
    ("cost", "nll"): f"Here it takes probabilities, not their logarithms. {_COLUMNS}",
    ("cost", "poisson_nll"): "Here it takes means, not their logarithms.",
    ("scheme", "glorot_uniform"): _NORMAL,
    ("scheme", "xavier_uniform"): _NORMAL,
    ("scheme", "kaiming_uniform"): _NORMAL,
    ("scheme", "he_uniform"): _NORMAL,
}

GENERAL: Mapping[str, str] = {
    "cost": "Every cost here is summed over the outputs and averaged over the examples."
}
"""What may differ for every word of a kind."""


def _folded(word: str) -> str:
    return re.sub(r"[\W_]", "", word).casefold().removesuffix("loss")


_NOTED = {(kind, _folded(word)): said for (kind, word), said in NOTES.items()}
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
    """Return what to mind about a word of another library, or an empty text.

    Examples
    --------
    >>> note("scheme", "glorot_uniform")
    'Weights here are normal, not uniform, with the same standard deviation.'
    >>> note("scheme", "glorot")
    ''
    """
    if not meant(kind, word):
        return ""
    return f"{_NOTED.get((kind, _folded(word)), '')} {GENERAL.get(kind, '')}".strip()
