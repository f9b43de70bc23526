"""Prints the public names of a Twisted release as JSON: the data of docs/coming_from_twisted_test.ts.

    git clone --branch twisted-24.7.0 https://github.com/twisted/twisted
    python3 .ci/twisted_names.py twisted/src/twisted > docs/twisted_names.json
    deno fmt docs/twisted_names.json

The script reads the source and imports nothing of it, so that any release will do. A module's names are those in its
__all__ and its public classes, functions and variables: many that are in the manual are not in __all__. MEMBERS lists the classes whose
public methods and attributes are printed as well.
"""

import ast
import json
import re
import sys
from pathlib import Path

PACKAGES = ["internet", "protocols", "application", "logger"]
MODULES = ["failure", "lockfile", "log", "logfile", "threadpool", "usage"]  # of twisted.python

MEMBERS = {
    "twisted.internet.interfaces": r"I\w+",
    "twisted.internet.base": r"ReactorBase",
    "twisted.internet.protocol": r"(Protocol|Factory|\w+Factory|\w+Protocol)",
    "twisted.internet.defer": r"Deferred|DeferredList|DeferredLock|DeferredSemaphore|DeferredQueue",
    "twisted.internet.task": r"LoopingCall|Cooperator|CooperativeTask|Clock",
    "twisted.internet.endpoints": r"[A-Z]\w+",
    "twisted.protocols.basic": r"LineReceiver|LineOnlyReceiver|FileSender",
    "twisted.protocols.portforward": r"\w+",
    "twisted.application.service": r"Service|MultiService",
    "twisted.application.internet": r"ClientService|StreamServerEndpointService|TimerService",
    "twisted.python.failure": r"Failure",
    "twisted.python.threadpool": r"ThreadPool",
    "twisted.python.log": r"LogPublisher",
    "twisted.logger": r"Logger|LogPublisher",
}

# Values that a module makes for itself: its log, and type variables.
PRIVATE_VALUES = {"Logger", "TypeVar", "ParamSpec", "getLogger"}


def is_public(name: str) -> bool:
    return not name.startswith("_")


def statements(body: list[ast.stmt]):
    """The statements of a module, with those in its ifs and trys."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            yield from statements(node.body)
            yield from statements(getattr(node, "orelse", []))
            yield from statements(getattr(node, "finalbody", []))
            for handler in getattr(node, "handlers", []):
                yield from statements(handler.body)


def called(value) -> str:
    """The name of the function in a call."""
    if not isinstance(value, ast.Call):
        return ""
    return getattr(value.func, "id", getattr(value.func, "attr", ""))


def is_none(value) -> bool:
    """None is what an optional import leaves behind where it fails."""
    return isinstance(value, ast.Constant) and value.value is None


def assigned(node: ast.stmt) -> list[str]:
    """The names that a statement assigns to."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    else:
        return []
    if called(node.value) in PRIVATE_VALUES or is_none(node.value):
        return []
    flat = [each for t in targets for each in (t.elts if isinstance(t, ast.Tuple) else [t])]
    return [each.id for each in flat if isinstance(each, ast.Name)]


def declared_all(tree: ast.Module) -> list[str]:
    """The names in __all__, some of which are imported from a private module."""
    for node in statements(tree.body):
        if "__all__" in assigned(node) and isinstance(node.value, (ast.List, ast.Tuple)):
            return [ast.literal_eval(each) for each in node.value.elts]
    return []


def public_names(tree: ast.Module) -> list[str]:
    names = declared_all(tree)
    for node in statements(tree.body):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            names.append(node.name)
        names += assigned(node)
    return sorted({name for name in names if is_public(name)})


def own_members(node: ast.ClassDef) -> set[str]:
    """The methods and attributes in the body of a class."""
    members = set()
    for statement in node.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            members.add(statement.name)
        members |= set(assigned(statement))
    return {name for name in members if is_public(name)}


def members_of(name: str, classes: dict[str, ast.ClassDef]) -> set[str]:
    """A class's members with those of its bases, where these are in the same module and private."""
    node = classes[name]
    members = own_members(node)
    for base in node.bases:
        base = getattr(base, "id", "")
        if base in classes and not is_public(base):
            members |= members_of(base, classes)
    return members


def reactor_names(root: Path) -> list[str]:
    """What the reactor interfaces promise: the module itself is replaced by the reactor when it is imported."""
    tree = ast.parse((root / "internet" / "interfaces.py").read_text(encoding="utf-8"))
    reactors = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name.startswith("IReactor")]
    return sorted(set().union(*map(own_members, reactors)))


def main(root: Path) -> None:
    version = re.search(r"Version\(\"Twisted\", (\d+), (\d+), (\d+)", (root / "_version.py").read_text())
    paths = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    paths += [root / "python" / f"{module}.py" for module in MODULES]
    # Classes of the log are defined in private modules.
    hidden: dict[str, dict[str, ast.ClassDef]] = {}
    modules: dict[str, list[str]] = {}
    members: dict[str, list[str]] = {}
    for path in paths:
        parts = list(path.relative_to(root).with_suffix("").parts)
        if "test" in parts or "newsfragments" in parts:
            continue
        if parts[-1] == "__init__":
            parts.pop()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = ".".join(["twisted", *parts])
        classes = {n.name: n for n in statements(tree.body) if isinstance(n, ast.ClassDef)}
        hidden.setdefault(".".join(module.split(".")[:2]), {}).update(classes)
        if any(not is_public(part) for part in parts):
            continue
        names = public_names(tree)
        if module == "twisted.internet.reactor":
            names = reactor_names(root)
        if names:
            modules[module] = names
    for module, pattern in MEMBERS.items():
        path = root.joinpath(*module.split(".")[1:])
        source = path.with_suffix(".py")
        tree = ast.parse((source if source.exists() else path / "__init__.py").read_text())
        classes = {n.name: n for n in statements(tree.body) if isinstance(n, ast.ClassDef)}
        classes = classes or hidden[module]
        for name in classes:
            if is_public(name) and re.fullmatch(pattern, name):
                found = sorted(members_of(name, classes))
                if found:
                    members[f"{module}.{name}"] = found
    print(json.dumps({
        "release": ".".join(version.groups()),
        "modules": dict(sorted(modules.items())),
        "members": dict(sorted(members.items())),
    }, indent=2))


main(Path(sys.argv[1]))
