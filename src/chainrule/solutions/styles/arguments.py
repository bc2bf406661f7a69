"""Arguments bound by their names: what people call inputs, targets, outputs, rates, sizes.

What has a default keeps it unless its name says what it is; what has none and says nothing makes
the call impossible, and another reading is tried.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

WORDS: Mapping[str, str] = {
    "x": r"x|xs|xb|a0|inputs?|input_(data|vector|list|layer|array|values)|inputs_list|data"
    r"|features?|(x|inputs?)_?(train|batch|data|set)|(train|batch)_?x|images?|samples?"
    r"|training_(set_)?inputs",
    "y": r"y|ys|yb|t|targets?|labels?|y_?true|y_?(train|batch|data)|(train|batch)_?y|desired"
    r"|expected|target_(vector|list|values|array)|targets_list|actual|real|truth|d|gt"
    r"|training_(set_)?outputs|label_values|expected_output|y_?real|y_?onehot|one_hot_y|y_?enc",
    "o": r"o|outputs?|y_?hat|y_?pred|pred|preds|predictions?|predicted|al|a|a2|a3|probs?|out"
    r"|scores?|network_output|model_output|logits|output_activations?|p",
    "rate": r"lr|learning_?rate|eta|alpha|l_rate|step_?size|rate",
    "penalty": r"reg|regu|(\w+_)?lambda_?|lmbda|lambd|lam|l2|reg_lambda|weight_decay|regularization"
    r"|l2_reg",
    "cache": r"caches?|memory|activations",
    "once": r"epochs?|n_epochs|num_(iters|iterations|epochs)|iterations|max_iter|n_iter|iters",
    "count": r"m|n_samples|batch_size|mini_batch_size|n|num_examples|n_examples",
    "keep": r"keep_prob",
}
SILENT = re.compile(r"verbose|print_cost|debug|plot|display|print_loss|show")


def role(name: str) -> str | None:
    """Return what an argument of this name is for; ``None`` if the name says nothing.

    Examples
    --------
    >>> role("learning_rate"), role("y_hat"), role("flags")
    ('rate', 'o', None)
    """
    low = name.lower().lstrip("_")
    return next((each for each, words in WORDS.items() if re.fullmatch(words, low)), None)


def positional(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the arguments of a function or a bound method; none if they cannot be told."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each for each in found if each.kind not in kinds]


def bind(
    function: Callable[..., Any],
    values: Mapping[str, Any],
    named: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Return the arguments of a call, by name.

    Parameters
    ----------
    function : callable
    values : mapping of str to object
        By role: ``x``, ``y``, ``o``, ``rate``, …
    named : mapping of str to object, optional
        By the name itself, which goes first.

    Returns
    -------
    dict or None
        ``None`` where an argument without a default says nothing.

    Examples
    --------
    >>> bind(lambda X, target, lr=0.1: None, {"x": 1, "y": 2})
    {'X': 1, 'target': 2}
    """
    known = named or {}
    wanted = positional(function)
    roles: dict[str, str | None] = {each.name: role(each.name) for each in wanted}
    if "y" not in roles.values():  # train(inputs, outputs)
        roles.update({name: "y" for name, each in roles.items() if each == "o" and "put" in name})
    found: dict[str, Any] = {}
    for each in wanted:
        meant = roles[each.name]
        optional = each.default is not inspect.Parameter.empty
        if each.name in known:
            found[each.name] = known[each.name]
        elif meant is not None and meant in values:
            found[each.name] = values[meant]
        elif SILENT.search(each.name.lower()):
            found[each.name] = False
        elif not optional:
            return None
    return found


OF = r"(_?(size|dims?|nodes|neurons|units|layer|layer_size|features|len))?"
INPUT = (
    rf"(n_?)?(inputs?|in|x|features?|d){OF}|n_?features|num_?inputs|no_of_in_nodes|ni|innodes"
    r"|nx|input_n|d_in"
)
HIDDEN = (
    rf"(n_?)?(hiddens?|h|hid)({OF}|_?layers?)_?(\d?)|num_?hiddens?|no_of_hidden_nodes|nh"
    r"|hnodes|hidden_n|d_hidden"
)
OUTPUT = (
    rf"(n_?)?(outputs?|out|y|class(es)?|c|k|labels?){OF}|num_?(outputs?|class(es)?|labels)"
    r"|no_of_out_nodes|no|onodes|ny|n_?class(es)?|d_out|output_n"
)
WHOLE = (
    r"(layer|network|net)?_?(sizes?|dims?|dimensions|shapes?|layout|structure|architecture"
    r"|topology|config)|layers?(_?(dims?|sizes?|shape|nodes))?|nodes|architecture|num_neurons"
    r"|neurons|sizes_list|layer_?list|units"
)
MANY = r"hidden_?(layers|sizes|dims|layer_sizes)"


def constructed(build: Callable[..., Any], sizes: Sequence[int], values: Mapping[str, Any]) -> Any:
    """Return an object made with these sizes, or ``None`` where its arguments say nothing.

    Parameters
    ----------
    build : callable
        A class.
    sizes : sequence of int
        The inputs first.
    values : mapping of str to object
        By role.

    Raises
    ------
    Exception
        Whatever it raises.
    """
    named: dict[str, Any] = {}
    hidden = list(sizes[1:-1])
    for each in positional(build):
        low = each.name.lower().lstrip("_")
        if re.fullmatch(MANY, low) and _wants_list(each):
            named[each.name] = list(sizes[1:-1])
        elif re.fullmatch(WHOLE, low):
            named[each.name] = list(sizes)
        elif re.fullmatch(HIDDEN, low):
            if not hidden:
                return None
            named[each.name] = hidden.pop(0)
        elif re.fullmatch(INPUT, low) and not (low == "x" and "x" in values):
            named[each.name] = sizes[0]
        elif re.fullmatch(OUTPUT, low) and not (low == "y" and "y" in values):
            named[each.name] = sizes[-1]
    if named and hidden and not any(isinstance(each, list) for each in named.values()):
        return None
    arguments = bind(
        build, {name: value for name, value in values.items() if name != "count"}, named
    )
    return None if arguments is None else build(**arguments)


def _wants_list(argument: inspect.Parameter) -> bool:
    if isinstance(argument.default, (list, tuple)):
        return True
    plain = isinstance(argument.default, int) and not isinstance(argument.default, bool)
    return not plain and re.search(r"s$|list|dims", argument.name.lower()) is not None
