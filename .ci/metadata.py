#!/usr/bin/env python3
"""Stands in for `cargo metadata`, with the ids of packages as Cargo wrote them before 1.77: `name version (source)`."""

import json
import subprocess
import sys

out = subprocess.run(["cargo", *sys.argv[1:]], stdout=subprocess.PIPE)
if out.returncode != 0:
    sys.exit(out.returncode)
metadata = json.loads(out.stdout)
ids = {}
for package in metadata["packages"]:
    source = package["source"] or "path+file://" + package["manifest_path"].rpartition("/")[0]
    ids[package["id"]] = f"{package['name']} {package['version']} ({source})"


def renamed(value):
    if isinstance(value, str):
        return ids.get(value, value)
    if isinstance(value, list):
        return [renamed(item) for item in value]
    if isinstance(value, dict):
        return {key: renamed(item) for key, item in value.items()}
    return value


json.dump(renamed(metadata), sys.stdout)
