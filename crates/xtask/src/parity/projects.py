#!/usr/bin/env python3
"""Invents random small projects with everything under [tool.uv] that matters to locking,
locks each with uv and with another command against the same local indexes, and compares bytes.

    projects.py run --tool "lockwright lock" [--uv uv] [--python PY] [--seeds 0-99] [--keep DIR]
                    [--mode lock|relock|respell] [--jobs 2]
    projects.py minimize --tool "lockwright lock" [--uv uv] [--python PY] DIR/lock-SEED...

The same seed gives the same project. Only the standard library is used, and `scenarios.py`, whose
wheels and sdists fill the indexes.
"""
from __future__ import annotations

import argparse, copy, hashlib, importlib.util, json, os, random, re, shlex, shutil, subprocess, sys, tempfile, threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MARKERS = [
    "sys_platform == 'linux'", "sys_platform != 'linux'", "sys_platform == 'win32'", "sys_platform == 'darwin'",
    "python_version < '3.13'", "python_version >= '3.13'", "python_full_version < '3.12.4'", "platform_machine == 'arm64'",
    "platform_machine != 'x86_64'", "implementation_name == 'cpython'", "platform_python_implementation == 'PyPy'",
    "os_name == 'nt'", "python_version >= '3.14' and sys_platform == 'linux'",
    "sys_platform == 'win32' or platform_machine == 'arm64'", "python_version in '3.12 3.13'",
    "platform_system == 'Windows'", "python_version != '3.13'", "platform_release >= '20'",
]
TAGS = [
    "py3-none-any", "cp312-cp312-manylinux_2_17_x86_64", "cp313-cp313-win_amd64", "cp311-cp311-macosx_11_0_arm64",
    "cp312-abi3-musllinux_1_2_x86_64", "pp310-pypy310_pp73-any", "cp312-cp312-manylinux_2_17_aarch64", "cp314-cp314t-macosx_10_13_universal2",
    "py3-none-win32", "cp310-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64", "py312-none-any",
]
TIMES = ["2024-01-10T00:00:00Z", "2024-02-10T12:00:00Z", "2024-03-24T00:00:00Z", "2024-05-01T06:30:00.123456Z", "2024-07-01T00:00:00Z"]
CUTS = ["2024-02-10T12:00:00Z", "2024-03-24", "2024-06-01T00:00:00Z", "2024-04-01", "2024-08-01T00:00:00+02:00", "2025-01-01"]
ENVIRONMENTS = [
    "sys_platform == 'linux'", "sys_platform == 'darwin'", "sys_platform == 'win32'", "sys_platform == 'linux' and platform_machine == 'x86_64'",
    "sys_platform == 'darwin' and platform_machine == 'arm64'", "python_version < '3.13'", "python_version >= '3.13'",
    "sys_platform != 'win32'", "implementation_name == 'cpython'",
]


# --- inventing ---------------------------------------------------------------------------------------------------


class Dice(random.Random):
    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def some(self, items, at_most: int):
        items = list(items)
        return self.sample(items, min(len(items), self.randint(1, at_most))) if items else []


def version(dice: Dice) -> str:
    return f"{dice.randint(0, 3)}.{dice.randint(0, 3)}{dice.choice(['', '', '', '', '.1', 'rc1', '.post1', '.dev2', 'b2', '+local.1'])}"


def base(text: str) -> str:
    return re.match(r"[0-9]+(\.[0-9]+)*?(?=rc|\.post|\.dev|b|\+|$)", text)[0]


def specifier(dice: Dice, versions: list[str]) -> str:
    """Mostly loose ones: most projects have a solution."""
    if dice.chance(0.45):
        return ""
    low, high = versions[: max(1, len(versions) // 2)], versions[len(versions) // 2 :]
    if dice.chance(0.75):
        bottom, top = dice.choice(low), dice.choice(high)
        return dice.choice([f">={base(bottom)}", f">={bottom.partition('+')[0]}", f"<={top.partition('+')[0]}", f"<={base(top)}.9", f">={base(bottom)},<4", f"!={dice.choice(versions)}", f"<{int(base(top)[0]) + 1}"])
    pick = dice.choice(versions)
    plain = base(pick)
    return dice.choice([f"=={pick}", f"~={plain}", f">={plain},<{int(plain.split('.')[0]) + 1}", f"=={plain.split('.')[0]}.*", f"<{plain}", f">{plain}"])


def requirement(dice: Dice, names: dict, name: str, extra=0.12, marker=0.2) -> str:
    extras = f"[{dice.choice(['x', 'y', 'x,y'])}]" if dice.chance(extra) else ""
    spec = specifier(dice, names[name])
    condition = f" ; {dice.choice(MARKERS)}" if dice.chance(marker) else ""
    return f"{name}{extras}{spec}{condition}"


def universe(dice: Dice, names: dict, keep: float) -> dict:
    """One index: project -> version -> what its files say."""
    projects = {}
    for name, versions in names.items():
        if not dice.chance(keep):
            continue
        projects[name] = {}
        for text in versions:
            if len(versions) > 1 and dice.chance(0.15 if keep == 1 else 0.35):
                continue
            others = [other for other in names if other != name]
            wanted = dice.sample(others, min(len(others), dice.choice([0, 0, 1, 1, 2, 3])))
            meta: dict = {"requires": [requirement(dice, names, other) for other in wanted]}
            if dice.chance(0.15) or text == versions[0]:
                meta["requires_python"] = dice.choice([">=3.13", ">=3.12", "<3.14", ">=3.12,!=3.12.3", ">=3.14", ">=3.8"] if text != versions[0] else [">=3.8", ">=3.11"])
            if dice.chance(0.35):
                meta["extras"] = {extra: [requirement(dice, names, dice.choice(others))] for extra in dice.sample(["x", "y"], dice.randint(1, 2))}
                if dice.chance(0.2):
                    meta["extras"]["y"] = [f"{name}[x]"]
            if dice.chance(0.06) and text != versions[0]:
                meta["yanked"] = True
            if dice.chance(0.2):
                meta["wheel_tags"] = dice.sample(TAGS, dice.randint(1, 4))
                meta["sdist"] = dice.chance(0.5)
            elif dice.chance(0.1):
                meta["wheel"] = False
            meta["uploaded"] = dice.choice(TIMES) if text != versions[0] else TIMES[0]
            projects[name][text] = meta
    return {name: versions for name, versions in projects.items() if versions}


def source(dice: Dice, indexes: list[str], extras: list[str], groups: list[str]):
    def one(marker: str | None = None) -> dict:
        entry: dict = {"index": dice.choice(indexes)}
        if marker:
            entry["marker"] = marker
        return entry

    roll = dice.random()
    if roll < 0.5:
        return one()
    if roll < 0.75:
        return [one("sys_platform == 'linux'"), one("sys_platform != 'linux'")][: dice.randint(1, 2)]
    if extras and roll < 0.9:
        return [one() | {"extra": extra} for extra in dice.sample(extras, dice.randint(1, min(2, len(extras))))]
    if groups:
        return [one() | {"group": group} for group in dice.sample(groups, dice.randint(1, min(2, len(groups))))]
    return one(dice.choice(MARKERS))


def table(dice: Dice, names: dict, label: str, siblings: list[str], virtual: bool, plain=False) -> dict:
    """[project], [dependency-groups]; what belongs to one member."""
    chosen = dice.some(names, 4)
    project: dict = {"name": label, "version": "0.1.0", "requires-python": dice.choice([">=3.12", ">=3.12", ">=3.12,<3.15", ">=3.13", ">=3.11", "==3.12.*", ">=3.12.2", "~=3.12"])}
    if dice.chance(0.05):
        del project["requires-python"]
    project["dependencies"] = [requirement(dice, names, name, marker=0.3) for name in chosen]
    if dice.chance(0.2):
        split = dice.choice(list(names))
        low, high = (specifier(dice, names[split]) for _ in range(2))
        where = dice.choice(["sys_platform == 'linux'", "python_version < '3.13'", "platform_machine == 'arm64'"])
        other = where.replace("==", "!=") if "==" in where else where.replace("<", ">=")
        project["dependencies"] += [f"{split}{low} ; {where}", f"{split}{high} ; {other}"]
    document: dict = {"project": project}
    if dice.chance(0.4) and not plain:
        extras = {extra: [requirement(dice, names, name) for name in dice.some(names, 2)] for extra in dice.sample(["red", "green", "blue_x"], dice.randint(1, 3))}
        if len(extras) > 1 and dice.chance(0.35):
            first, second = dice.sample(list(extras), 2)
            extras[first] = extras[first] + [f"{label}[{second}]"]
        if dice.chance(0.15):
            extras["empty"] = []
        project["optional-dependencies"] = extras
    if dice.chance(0.4) and not plain:
        groups: dict = {group: [requirement(dice, names, name) for name in dice.some(names, 2)] for group in dice.sample(["dev", "test", "Docs_x"], dice.randint(1, 3))}
        if len(groups) > 1 and dice.chance(0.35):
            first, second = dice.sample(list(groups), 2)
            groups[first] = groups[first] + [{"include-group": second}]
        if dice.chance(0.1):
            groups["none"] = []
        document["dependency-groups"] = groups
    if not virtual:
        document["build-system"] = {"requires": ["hatchling"], "build-backend": "hatchling.build"}
    return document




def invent(seed: int) -> dict:
    dice = Dice(seed * 7919 + 13)
    count = dice.randint(3, 10)
    names = {f"pkg-{letter}": None for letter in "abcdefghijklmnop"[:count]}
    for name in names:
        names[name] = sorted({version(dice) for _ in range(dice.randint(2, 7))})
    indexes = ["main"] + (["second", "third"][: dice.choice([0, 0, 1, 1, 2])])
    universes = {index: universe(dice, names, 1 if index == "main" else 0.5) for index in indexes}
    uv: dict = {}
    virtual = dice.chance(0.5)
    document = table(dice, names, "project", [], virtual)
    project = document["project"]
    if dice.chance(0.08):
        uv["package"] = dice.chance(0.5)
    files = {"pyproject.toml": document}

    # Members
    members: list[str] = []
    if dice.chance(0.25):
        members = ["alpha", "beta"][: dice.randint(1, 2)]
        uv["workspace"] = {"members": dice.choice([members, ["*"]])}
        uv.setdefault("sources", {})
        for member in members:
            child = table(dice, names, member, [], dice.chance(0.4))
            files[f"{member}/pyproject.toml"] = child
        for member in members:
            uv["sources"][member] = {"workspace": True}
            if dice.chance(0.5):
                extra = "[red]" if "red" in files[f"{member}/pyproject.toml"]["project"].get("optional-dependencies", {}) and dice.chance(0.5) else ""
                condition = f" ; {dice.choice(MARKERS)}" if dice.chance(0.25) else ""
                place = dice.choice(["dependencies", "extra", "group"])
                if place == "dependencies":
                    project["dependencies"].append(member + extra + condition)
                elif place == "extra":
                    project.setdefault("optional-dependencies", {}).setdefault("red", []).append(member + extra + condition)
                else:
                    document.setdefault("dependency-groups", {}).setdefault("dev", []).append(member + extra + condition)
        if len(members) == 2 and dice.chance(0.5):
            files["beta/pyproject.toml"]["project"]["dependencies"].append("alpha")
            if dice.chance(0.5):
                files["beta/pyproject.toml"].setdefault("tool", {}).setdefault("uv", {})["sources"] = {"alpha": {"workspace": True}}
    if dice.chance(0.06):
        del document["project"]
        document.pop("build-system", None)
        uv.pop("package", None)
        document.setdefault("dependency-groups", {"dev": [requirement(dice, names, dice.choice(list(names)))]})
    elif dice.chance(0.05):
        del project["version"]
        project["dynamic"] = ["version"]
        document.pop("build-system", None)
    extras = list(project.get("optional-dependencies", {})) if "project" in document else []
    groups = list(document.get("dependency-groups", {}))
    everything = list(names)

    # Indexes
    shown = []
    for number, index in enumerate(indexes):
        entry: dict = {"name": index, "url": f"@INDEX@/{index}/simple"}
        if index == "main" and dice.chance(0.6):
            entry["default"] = True
        elif index != "main" and dice.chance(0.4):
            entry["explicit"] = True
        if dice.chance(0.06):
            entry["exclude-newer"] = dice.choice(CUTS + [False])
        if dice.chance(0.1):
            entry["url"] += "/"
        shown.append(entry)
    dice.shuffle(shown)
    if not any(entry.get("default") for entry in shown):
        for entry in shown:
            if entry["name"] == "main":
                entry["default"] = True
    uv["index"] = shown
    if len(indexes) > 1 and dice.chance(0.5):
        uv["index-strategy"] = dice.choice(["first-index", "unsafe-first-match", "unsafe-best-match"])
    if dice.chance(0.3 if len(indexes) > 1 else 0.05):
        uv.setdefault("sources", {})
        for name in dice.some(names, 2):
            uv["sources"][name] = source(dice, indexes, extras, groups)
            for entry in uv["sources"][name] if isinstance(uv["sources"][name], list) else []:
                if "extra" in entry:
                    project["optional-dependencies"][entry["extra"]].append(requirement(dice, names, name, marker=0.1))
                if "group" in entry:
                    document["dependency-groups"][entry["group"]].append(requirement(dice, names, name, marker=0.1))
            if dice.chance(0.8) and "project" in document:
                project["dependencies"].append(requirement(dice, names, name, marker=0.1))

    # Whatever else bends a resolution
    if dice.chance(0.15):
        uv["environments"] = dice.choice([dice.some(ENVIRONMENTS, 1 if dice.chance(0.8) else 2), ["sys_platform == 'linux'", "sys_platform == 'darwin'"], ["sys_platform == 'linux'", "sys_platform != 'linux'"], ["python_version < '3.13'", "python_version >= '3.13'"]])
    if dice.chance(0.15):
        uv["required-environments"] = dice.some(ENVIRONMENTS, 2)
    if dice.chance(0.2):
        uv["constraint-dependencies"] = [requirement(dice, names, name, extra=0.03, marker=0.3) for name in dice.some(names, 3)]
    if dice.chance(0.2):
        uv["override-dependencies"] = [scoped(dice, names, requirement(dice, names, name, extra=0.1, marker=0.3)) for name in dice.some(names, 2)]
    if dice.chance(0.1):
        uv["exclude-dependencies"] = [scoped(dice, names, name) for name in dice.some(names, 2)]
    if dice.chance(0.06):
        uv["build-constraint-dependencies"] = ["hatchling<2", requirement(dice, names, dice.choice(everything), extra=0)]
    if dice.chance(0.15):
        entries = []
        for name in dice.some(names, 2):
            entry = {"name": name}
            if dice.chance(0.5):
                entry["version"] = dice.choice(names[name])
            if dice.chance(0.8):
                entry["requires-dist"] = [requirement(dice, names, other) for other in dice.some([other for other in names if other != name], 2)]
            if dice.chance(0.3):
                entry["requires-python"] = dice.choice([">=3.12", ">=3.13", "<3.14"])
            if dice.chance(0.3):
                entry["provides-extra"] = ["x"]
                entry["requires-dist"] = entry.get("requires-dist", []) + [f"{dice.choice(everything)} ; extra == 'x'"]
            entries.append(entry)
        uv["dependency-metadata"] = entries
    if dice.chance(0.15):
        uv["resolution"] = dice.choice(["lowest", "lowest-direct", "highest"])
    if dice.chance(0.15):
        uv["fork-strategy"] = dice.choice(["fewest", "requires-python"])
    if dice.chance(0.2):
        uv["prerelease"] = dice.choice(["allow", "disallow", "if-necessary", "explicit", "if-necessary-or-explicit"])
    if dice.chance(0.1):
        uv["prerelease-package"] = {name: dice.choice(["allow", "disallow", "if-necessary"]) for name in dice.some(names, 2)}
    if dice.chance(0.15):
        uv["exclude-newer"] = dice.choice(CUTS)
    if dice.chance(0.08):
        uv["exclude-newer-package"] = {name: dice.choice(CUTS + [False]) for name in dice.some(names, 2)}
    if dice.chance(0.06):
        uv["no-build"] = True
    if dice.chance(0.08):
        uv["no-build-package"] = dice.some(names, 2)
    if dice.chance(0.04):
        uv["no-binary"] = True
    if dice.chance(0.08):
        uv["no-binary-package"] = dice.some(names, 2)
    if dice.chance(0.1) and groups:
        uv["default-groups"] = dice.choice([dice.sample(groups, 1), "all", []])
    if dice.chance(0.1):
        uv["dev-dependencies"] = [requirement(dice, names, name) for name in dice.some(names, 2)]
    if dice.chance(0.1) and groups:
        uv["dependency-groups"] = {dice.choice(groups): {"requires-python": dice.choice([">=3.13", ">=3.12", ">=3.12.4"])}}
    if dice.chance(0.3):
        conflicts = []
        if len(extras) > 1:
            conflicts.append([{"extra": extra} for extra in dice.sample(extras, min(len(extras), dice.randint(2, 3)))])
        if len(groups) > 1 and (not conflicts or dice.chance(0.4)):
            conflicts.append([{"group": group} for group in dice.sample(groups, 2)])
        if extras and groups and (not conflicts or dice.chance(0.2)):
            conflicts.append([{"extra": extras[0]}, {"group": groups[0]}])
        if members and dice.chance(0.4):
            conflicts.append([{"package": member} for member in (members if len(members) > 1 else ["project"] + members)])
        elif members and extras and dice.chance(0.5):
            child = files[f"{members[0]}/pyproject.toml"]["project"].get("optional-dependencies", {})
            if child:
                conflicts.append([{"extra": extras[0], "package": "project"}, {"extra": list(child)[0], "package": members[0]}])
        if conflicts:
            uv["conflicts"] = conflicts
    document.setdefault("tool", {})["uv"] = uv
    return {"seed": seed, "universes": universes, "files": files}


def scoped(dice: Dice, names: dict, entry: str):
    if dice.chance(0.7):
        return entry
    package = {"name": dice.choice(list(names))}
    if dice.chance(0.4):
        package["version"] = dice.choice(names[package["name"]])
    return {"package": package, "dependencies": [entry]}


def change(case: dict, seed: int) -> dict:
    """The same project after somebody worked on it."""
    dice = Dice(seed * 104729 + 7)
    after = copy.deepcopy(case)
    names = {name: sorted({text for index in case["universes"].values() for text in index.get(name, {})}) for index in case["universes"].values() for name in index}
    path = dice.choice(sorted(after["files"]))
    document = after["files"][path]
    project = document.get("project", {})
    uv = after["files"]["pyproject.toml"]["tool"]["uv"]
    for _ in range(dice.choice([1, 1, 2])):
        match dice.randint(0, 11):
            case 0 | 1 if project.get("dependencies"):
                place = dice.randrange(len(project["dependencies"]))
                name = re.match(r"[a-z-]+", project["dependencies"][place])[0]
                if name in names:
                    project["dependencies"][place] = requirement(dice, names, name)
            case 2 | 3 if project:
                project["dependencies"].append(requirement(dice, names, dice.choice(list(names))))
            case 4 if project:
                project["requires-python"] = dice.choice([">=3.12", ">=3.13", ">=3.11", ">=3.12,<3.14"])
            case 5:
                document.setdefault("dependency-groups", {}).setdefault(dice.choice(["dev", "fresh"]), []).append(requirement(dice, names, dice.choice(list(names))))
            case 6 if project.get("dependencies"):
                project["dependencies"].pop(dice.randrange(len(project["dependencies"])))
            case 7:
                uv["constraint-dependencies"] = [requirement(dice, names, dice.choice(list(names)), extra=0)]
            case 8:
                index = after["universes"]["main"]
                name = dice.choice(sorted(index))
                index[name]["4.0"] = {"requires": [], "uploaded": TIMES[0]}
            case 9:
                uv["resolution"] = dice.choice(["lowest", "lowest-direct", "highest"])
            case 10:
                uv["environments"] = dice.some(ENVIRONMENTS, 1)
            case 11:
                uv["prerelease"] = dice.choice(["allow", "disallow", "if-necessary"])
            case _:
                uv["exclude-newer"] = dice.choice(CUTS)
    after["arguments"] = dice.choice([[], [], [], [], ["--upgrade"], ["--upgrade-package", dice.choice(list(names))]])
    if after["arguments"][1:] and dice.chance(0.3):
        name = after["arguments"][1]
        after["arguments"][1] = f"{name}=={dice.choice(names[name])}"
    return after


def respell(case: dict, seed: int) -> dict:
    """The same project with requirements in other words, most of which ask for the same."""
    dice = Dice(seed * 15485863 + 3)
    after = copy.deepcopy(case)

    def words(text: str) -> list[str]:
        if not (match := re.fullmatch(r"([a-z-]+)(\[[^]]*\])?([^;]*?)( ; .*)?", text)):
            return [text]
        name, extras, spec, marker = (part or "" for part in match.groups())
        parts = [part for part in spec.split(",") if part]
        match dice.randint(0, 13):
            case 0:
                return [text, text]
            case 1 if parts:
                return [f"{name}{extras}{','.join(reversed(parts))}{marker}"]
            case 2 if parts and re.fullmatch(r"[<>!=]=?[0-9.]+", parts[0]):
                return [f"{name}{extras}{','.join([parts[0] + '.0'] + parts[1:])}{marker}"]
            case 3:
                return [f"{name}{extras}{','.join(parts + ['>=0.0.1'])}{marker}"]
            case 4 if len(parts) > 1:
                return [f"{name}{extras}{part}{marker}" for part in parts]
            case 5 if "," in extras:
                return [f"{name}[{extra}]{spec}{marker}" for extra in extras.strip("[]").split(",")]
            case 6 if extras:
                return [f"{name}{spec}{marker}", text]
            case 7 if not marker:
                return [f"{text} ; {where}" for where in ("sys_platform == 'linux'", "sys_platform != 'linux'")]
            case 8 if not marker:
                return [f"{text} ; python_version < '3.14'", f"{text} ; python_version >= '3.13'"]
            case 9:
                return [f"{name}{extras}{spec}{marker or ' ;'} {'and ' if marker else ''}python_version >= '3.8'"]
            case 10 if parts and (tilde := re.fullmatch(r"~=([0-9]+)\.[0-9]+", parts[0])):
                return [f"{name}{extras}>={parts[0][2:]},<{int(tilde[1]) + 1}{marker}"]
            case 11:
                return [text, f"{name}{marker}"]
            case 12:
                return [f"{name}{extras}{','.join(parts + ['!=7.7rc1'])}{marker}"]
            case 13 if not marker:
                return [text, f"{text} ; python_version < '3.9'"]
        return [text]

    def change_list(items: list) -> list:
        changed = []
        for item in items:
            if isinstance(item, str):
                changed += words(item) if dice.chance(0.4) else [item]
            elif isinstance(item, dict) and "dependencies" in item:
                changed.append(item | {"dependencies": change_list(item["dependencies"])})
            else:
                changed.append(item)
        if dice.chance(0.3):
            dice.shuffle(changed)
        return changed

    for document in after["files"].values():
        project, uv = document.get("project", {}), document.get("tool", {}).get("uv", {})
        for table, names in ((project, ["dependencies"]), (uv, ["constraint-dependencies", "override-dependencies", "build-constraint-dependencies", "dev-dependencies"])):
            for name in names:
                if name in table:
                    table[name] = change_list(table[name])
        for table in (project.get("optional-dependencies", {}), document.get("dependency-groups", {})):
            for name in table:
                table[name] = change_list(table[name])
            if dice.chance(0.05):
                table["fresh"] = []
        for entry in uv.get("dependency-metadata", []):
            if "requires-dist" in entry:
                entry["requires-dist"] = change_list(entry["requires-dist"])
        if "exclude-newer" in uv and dice.chance(0.3):
            uv["exclude-newer"] = dice.choice(CUTS)
        if "exclude-newer-package" in uv and dice.chance(0.3):
            uv["exclude-newer-package"] = {name: dice.choice(CUTS + [False]) for name in uv["exclude-newer-package"]}
    after["arguments"] = []
    return after


# --- writing -----------------------------------------------------------------------------------------------------


def value(item) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return json.dumps(item)
    if isinstance(item, list):
        return "[" + ", ".join(map(value, item)) + "]"
    return "{ " + ", ".join(f"{key(name)} = {value(inner)}" for name, inner in item.items()) + " }"


def key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def toml(document: dict, address: str) -> str:
    lines = []
    for heading, section in document.items():
        tables = [("tool.uv", section.get("uv", {}))] if heading == "tool" else [(heading, section)]
        for title, entries in tables:
            lines.append(f"[{title}]")
            lines += [f"{key(name)} = {value(entry)}" for name, entry in entries.items()]
            lines.append("")
    return "\n".join(lines).replace("@INDEX@", address)


# --- serving -----------------------------------------------------------------------------------------------------


class Index:
    def __init__(self, projects: dict):
        self.pages: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        for name, versions in projects.items():
            entries = []
            for text, meta in versions.items():
                built = []
                if meta.get("wheel", True):
                    built += [scenarios.wheel(name, text, meta, tag) for tag in meta.get("wheel_tags") or ["py3-none-any"]]
                if meta.get("sdist", True) or not built:
                    built.append(scenarios.sdist(name, text, meta))
                for filename, content in built:
                    entry = {"filename": filename, "url": f"../../files/{filename}", "size": len(content), "hashes": {"sha256": hashlib.sha256(content).hexdigest()}}
                    if meta.get("uploaded"):
                        entry["upload-time"] = meta["uploaded"]
                    python = meta.get("requires_python", ">=3.12")
                    if python:
                        entry["requires-python"] = python
                    if meta.get("yanked"):
                        entry["yanked"] = True
                    self.files[filename] = content
                    if filename.endswith(".whl"):
                        core = scenarios.metadata(name, text, meta)
                        self.files[filename + ".metadata"] = core
                        entry["core-metadata"] = {"sha256": hashlib.sha256(core).hexdigest()}
                    entries.append(entry)
            self.pages[name] = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": entries, "versions": list(versions)}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: dict[str, dict[str, Index]] = {}

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        index = self.served.get(parts[0], {}).get(parts[1] if len(parts) > 1 else "")
        body, kind = None, "application/octet-stream"
        if index and len(parts) == 4 and parts[2] == "simple":
            body, kind = index.pages.get(parts[3]), "application/vnd.pypi.simple.v1+json"
        elif index and len(parts) == 4 and parts[2] == "files":
            body = index.files.get(parts[3].replace("%2B", "+"))
        self.send_response(200 if body is not None else 404)
        body = body if body is not None else b"not found"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


# --- comparing ---------------------------------------------------------------------------------------------------


class Run:
    def __init__(self, arguments: argparse.Namespace, port: int):
        self.arguments, self.port = arguments, port
        self.serial, self.guard = 0, threading.Lock()
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("UV_", "LOCKWRIGHT_", "PIP_"))}
        self.environment = clean | {"UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1", "UV_CACHE_DIR": arguments.cache + "/uv", "LOCKWRIGHT_CACHE_DIR": arguments.cache + "/ours"}
        self.uv = f"{arguments.uv} lock"

    def publish(self, universes: dict) -> str:
        with self.guard:
            self.serial += 1
            place = f"{os.getpid()}-{self.serial}"
        Handler.served[place] = {name: Index(projects) for name, projects in universes.items()}
        return place

    def write(self, case: dict, folder: str, address: str) -> None:
        for path, document in case["files"].items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(toml(document, address))

    def call(self, command: str, more: list[str], folder: str) -> tuple[str | None, str]:
        pythons = [["--python", python] for python in self.arguments.python] if command.startswith(self.uv) else []
        try:
            for python in pythons or [[]]:
                run = subprocess.run(shlex.split(command) + python + more, cwd=folder, capture_output=True, text=True, env=self.environment, timeout=60)
                if "requested interpreter resolved to" not in run.stderr:
                    break
        except subprocess.TimeoutExpired:
            return None, "timed out"
        lock = Path(folder) / "uv.lock"
        return (lock.read_text() if run.returncode == 0 and lock.is_file() else None), run.stderr

    def compare(self, case: dict) -> tuple[str, dict]:
        """The verdict, and what both sides wrote and said."""
        if "before" in case:
            return self.compare_again(case)
        place = self.publish(case["universes"])
        address = f"http://127.0.0.1:{self.port}/{place}"
        outcome = []
        for command in (self.uv, self.arguments.tool):
            with tempfile.TemporaryDirectory(prefix="fz-") as folder:
                self.write(case, folder, address)
                outcome.append(self.call(command, [], folder))
        del Handler.served[place]
        return self.judge(outcome, {place: "P"})

    def compare_again(self, case: dict) -> tuple[str, dict]:
        before = case["before"]
        place = self.publish(before["universes"])
        address = f"http://127.0.0.1:{self.port}/{place}"
        with tempfile.TemporaryDirectory(prefix="fz-") as folder:
            self.write(before, folder, address)
            lock, said = self.call(self.uv, [], folder)
        if lock is None:
            del Handler.served[place]
            return "nothing to relock", {}
        Handler.served[place] = {name: Index(projects) for name, projects in case["universes"].items()}
        outcome = []
        for command in (self.uv, self.arguments.tool):
            with tempfile.TemporaryDirectory(prefix="fz-") as folder:
                self.write(case, folder, address)
                (Path(folder) / "uv.lock").write_text(lock)
                more = case.get("arguments", [])
                outcome.append(self.call(command, more, folder))
        del Handler.served[place]
        verdict, shown = self.judge(outcome, {place: "P"})
        shown["old.lock"] = lock
        return verdict, shown

    def judge(self, outcome, renamed) -> tuple[str, dict]:
        (wanted, theirs), (got, ours) = outcome
        shown = {"uv.lock": wanted, "ours.lock": got, "uv.txt": theirs, "ours.txt": ours}
        if wanted is None and got is None:
            if "timed out" in (theirs, ours):
                return "timed out", shown
            for word in ("TOML parse error", "Failed to build", "panicked", "hatchling"):
                if word in theirs:
                    return "no answer in both", shown
            return "no solution in both", shown
        if wanted == got:
            return "identical", shown
        if wanted is None:
            if "requested interpreter resolved to" in theirs or "Failed to parse `uv.lock`" in theirs:
                return "uv cannot", shown
            if "Failed to build" in theirs or "build backend" in theirs or "hatchling" in theirs:
                return "uv builds", shown
            return "a lock of ours only", shown
        if got is None:
            return "a lock of uv's only", shown
        return "different", shown

    def minimize(self, case: dict, verdict: str) -> dict:
        """Takes away whatever may go without changing the verdict."""
        progress = True
        tries = 0
        while progress:
            progress = False
            for where in list(paths(case)):
                smaller = without(case, where)
                if smaller is None:
                    continue
                tries += 1
                if tries > 400:
                    return case
                try:
                    if self.compare(smaller)[0] == verdict:
                        case, progress = smaller, True
                except Exception:
                    pass
        return case


def paths(case: dict, prefix=()):
    """Every place that could go, the largest first."""
    roots = [("files",), ("universes",)] + ([("before", "files")] if "before" in case else [])
    found = []

    def walk(item, where):
        children = list(item.items()) if isinstance(item, dict) else list(enumerate(item)) if isinstance(item, list) else []
        for name, inner in reversed(children):
            found.append(where + (name,))
            walk(inner, where + (name,))

    for root in roots:
        item = case
        for name in root:
            item = item[name]
        walk(item, root)
    return sorted(found, key=len)


def without(case: dict, where: tuple):
    smaller = copy.deepcopy(case)
    item = smaller
    try:
        for name in where[:-1]:
            item = item[name]
        del item[where[-1]]
    except (KeyError, IndexError, TypeError):
        return None
    if where[0] == "universes" and "before" in smaller:
        item = smaller["before"]
        try:
            for name in where[:-1]:
                item = item[name]
            del item[where[-1]]
        except (KeyError, IndexError, TypeError):
            pass
    return smaller


def first_difference(wanted: str, got: str) -> str:
    for number, (theirs, ours) in enumerate(zip(wanted.splitlines(), got.splitlines()), 1):
        if theirs != ours:
            return f"line {number}: expected {theirs.strip()[:110]!r}, got {ours.strip()[:110]!r}"
    return "one is longer than the other"


def explain(verdict: str, shown: dict) -> str:
    if verdict == "different":
        return first_difference(shown["uv.lock"], shown["ours.lock"])
    said = shown.get("uv.txt" if verdict == "a lock of ours only" else "ours.txt") or ""
    return " / ".join(line.strip() for line in said.splitlines() if line.strip() and not line.startswith("Using CPython"))[:220]


def keep(folder: Path, case: dict, shown: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.json").write_text(json.dumps(case, indent=1))
    for path, document in case["files"].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(toml(document, "I"))
    if "before" in case:
        for path, document in case["before"]["files"].items():
            (folder / "before" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "before" / path).write_text(toml(document, "I"))
    for name, text in shown.items():
        if text is not None:
            (folder / name).write_text(text)


def interpreters() -> list[str]:
    """Pythons that the invented projects are for, one of each version: those on the path, and pyenv's."""
    pyenv = Path.home() / ".pyenv/versions"
    found = []
    for minor in ("12", "13"):
        candidates = [shutil.which(f"python3.{minor}"), *map(str, sorted(pyenv.glob(f"3.{minor}.*/bin/python")))]
        for candidate in filter(None, candidates):
            # A shim stands there whether or not there is anything behind it.
            if subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
                found.append(candidate)
                break
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "again", "minimize"])
    parser.add_argument("--tool", required=True)
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--python", action="append", default=[], help="an interpreter for uv to try; may be repeated [default: 3.12 and 3.13 of this machine]")
    parser.add_argument("--seeds", default="0-99")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--mode", choices=["lock", "relock", "respell"], default="lock")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cache", default=tempfile.gettempdir() + "/lockwright-fuzz-cache")
    beside = Path(__file__).resolve().parents[5] / "shared/tools/scenarios.py"
    parser.add_argument("--scenarios", default=str(beside))
    parser.add_argument("cases", nargs="*", type=Path)
    arguments = parser.parse_args()
    arguments.python = arguments.python or interpreters()
    if not arguments.python:
        sys.exit("uv needs a Python 3.12 or 3.13 for these projects: name one with --python")

    global scenarios
    spec = importlib.util.spec_from_file_location("scenarios", arguments.scenarios)
    scenarios = importlib.util.module_from_spec(spec)
    sys.modules["scenarios"] = scenarios
    spec.loader.exec_module(scenarios)

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run = Run(arguments, server.server_address[1])

    if arguments.command in ("again", "minimize"):
        for folder in arguments.cases:
            case = json.loads((folder / "case.json").read_text())
            verdict, shown = run.compare(case)
            print(f"{folder}: {verdict}: {explain(verdict, shown)}", flush=True)
            if arguments.command == "minimize" and verdict not in ("identical", "no solution in both", "no answer in both"):
                case = run.minimize(case, verdict)
                verdict, shown = run.compare(case)
                keep(folder / "min", case, shown)
                print(f"{folder}/min: {verdict}: {explain(verdict, shown)}", flush=True)
        return

    first, _, last = arguments.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)

    def one(seed: int):
        case = invent(seed)
        if arguments.mode == "relock":
            case = change(case, seed) | {"before": case}
        elif arguments.mode == "respell":
            case = respell(case, seed) | {"before": case}
        return seed, case, *run.compare(case)

    tally: dict[str, int] = {}
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for seed, case, verdict, shown in pool.map(one, seeds):
            tally[verdict] = tally.get(verdict, 0) + 1
            if verdict in ("different", "a lock of ours only", "a lock of uv's only", "timed out"):
                print(f"seed {seed}: {verdict}: {explain(verdict, shown)}", flush=True)
                if arguments.keep:
                    keep(arguments.keep / f"{arguments.mode}-{seed}", case, shown)
    misses = sum(tally.get(verdict, 0) for verdict in ("different", "a lock of ours only", "a lock of uv's only", "timed out"))
    print(f"projects: {sum(tally.values()) - misses}/{sum(tally.values())} {tally}")
    if tally.get("identical", 0) * 10 < sum(tally.values()):
        sys.exit("uv locks hardly anything here: that says nothing about us")
    sys.exit(1 if misses else 0)


if __name__ == "__main__":
    main()
