"""State machines as tables: action → from which states, and where to."""

from collections.abc import Mapping
from typing import TypeVar

from domain.errors import WrongState

A = TypeVar("A", bound=str)
S = TypeVar("S", bound=str)
Transitions = Mapping[A, tuple[frozenset[S], S]]


def next_state(transitions: Transitions[A, S], action: A, state: S) -> S:
    """Give the state after the action; WrongState names the actions that are possible."""
    origins, target = transitions[action]
    if state not in origins:
        raise WrongState(action=action, state=state, allowed=possible_actions(transitions, state))
    return target


def possible_actions(transitions: Transitions[A, S], state: S) -> list[A]:
    """The actions that start in this state."""
    return [action for action, (origins, _) in transitions.items() if state in origins]
