"""Estimators for scikit-learn: `MLPClassifier` and `MLPRegressor`.

Here, and only here, examples are rows, and the words are scikit-learn's: `n_samples`, `coefs_`,
`random_state`. Everything is translated once, in `translation`, and handed down.
"""

from chainrule.estimators.classifier import MLPClassifier
from chainrule.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
