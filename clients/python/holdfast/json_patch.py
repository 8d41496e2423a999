"""RFC 6902 patches with the operations add, replace and remove, which Holdfast uses."""

from __future__ import annotations

from typing import Any

from .plain import Plain


class PatchError(ValueError):
    """A patch does not fit the state."""


def apply_patches(state: Plain, patches: list[dict[str, Any]]) -> Plain:
    """Returns the state after the patches. Copies what they change; `state` itself stays as it is. Raises PatchError."""
    # Containers that this call has copied, and may therefore change. The list keeps them alive, so that no id is used again.
    copies: list[Any] = []
    own_ids: set[int] = set()

    def own(value: Any) -> Any:
        if id(value) in own_ids:
            return value
        if not isinstance(value, (list, dict)):
            raise PatchError("A path leads through a value without children.")
        copy = value.copy()
        copies.append(copy)
        own_ids.add(id(copy))
        return copy

    for patch in patches:
        operation, path = patch.get("op"), patch.get("path")
        if operation not in ("add", "replace", "remove") or not isinstance(path, str):
            raise PatchError(f"The operation {operation!r} is unknown.")
        if path == "":
            state = None if operation == "remove" else patch.get("value")
            continue
        keys = [key.replace("~1", "/").replace("~0", "~") for key in path.split("/")[1:]]
        state = parent = own(state)
        for key in keys[:-1]:
            index = _existing(parent, key)
            parent[index] = own(parent[index])
            parent = parent[index]
        _edit(parent, keys[-1], str(operation), patch.get("value"))
    return state


def _existing(parent: Any, key: str) -> Any:
    """Returns the index or key of a child that exists."""
    if isinstance(parent, dict):
        if key in parent:
            return key
    elif key.isascii() and key.isdigit() and int(key) < len(parent):
        return int(key)
    raise PatchError(f"There is no {key!r} in the state.")


def _edit(parent: Any, key: str, operation: str, value: Any) -> None:
    if operation == "add" and isinstance(parent, list):
        index = len(parent) if key == "-" else int(key) if key.isascii() and key.isdigit() else -1
        if not 0 <= index <= len(parent):
            raise PatchError(f"There is no place {key!r} in the list.")
        parent.insert(index, value)
    elif operation == "add":
        if key == "__proto__":
            raise PatchError("A key is __proto__.")
        parent[key] = value
    elif operation == "replace" and key == "length" and isinstance(parent, list):
        _shorten(parent, value)
    elif operation == "replace":
        parent[_existing(parent, key)] = value
    else:
        del parent[_existing(parent, key)]


def _shorten(items: list[Any], length: Any) -> None:
    if not isinstance(length, int) or not 0 <= length <= len(items):
        raise PatchError("The length of a list can only become smaller.")
    del items[length:]
