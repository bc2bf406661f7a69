"""Data to learn from: the curves of the course with which this began."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.arguments import whole

Examples = tuple[NDArray[np.float64], NDArray[np.float64]]


def heart(n: int = 100) -> Examples:
    """Return the heart curve: n points on a closed line in the unit square.

    The course's own function counts its points with ``arange(0, 1, 1/n)``, which rounding makes
    one too many for some n (49, 98, 103, 107, …). This one is right for every n.

    Parameters
    ----------
    n : int, optional
        Number of points.

    Returns
    -------
    x : ndarray, shape (1, n)
        i/n, the place on the curve.
    y : ndarray, shape (2, n)
        The point there: with θ = 2πx, ((1 + 16 sin³θ/20)/2,
        (1 + (13 cos θ − 5 cos 2θ − 2 cos 3θ − cos 4θ)/20)/2).

    Raises
    ------
    InvalidType, InvalidValue
        If n is no whole number of at least 1.

    Examples
    --------
    >>> x, y = heart(4)
    >>> x
    array([[0.  , 0.25, 0.5 , 0.75]])
    >>> y.T.round(3)
    array([[0.5  , 0.625],
           [0.9  , 0.6  ],
           [0.5  , 0.075],
           [0.1  , 0.6  ]])
    """
    x = _fractions(n)[np.newaxis, :]
    theta = 2 * np.pi * x
    across = 16 * np.sin(theta) ** 3
    up = 13 * np.cos(theta) - 5 * np.cos(2 * theta) - 2 * np.cos(3 * theta) - np.cos(4 * theta)
    return x, (1 + np.vstack([across, up]) / 20) / 2


def ramp(n: int = 5) -> Examples:
    """Return the notebook's single example: a ramp of n inputs with the target (0, 1).

    Parameters
    ----------
    n : int, optional
        Number of inputs.

    Returns
    -------
    x : ndarray, shape (n, 1)
        0, 1/n, …, (n − 1)/n.
    y : ndarray, shape (2, 1)
        0 and 1.

    Examples
    --------
    >>> x, y = ramp(5)
    >>> x.T, y.T
    (array([[0. , 0.2, 0.4, 0.6, 0.8]]), array([[0., 1.]]))
    """
    return _fractions(n)[:, np.newaxis], np.array([[0.0], [1.0]])


def _fractions(n: int) -> NDArray[np.float64]:
    count = whole("n", n, least=1)
    return np.arange(count) / count
