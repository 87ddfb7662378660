"""`python -m sangkienctl`, also installed as the command `sangkienctl`."""

from __future__ import annotations

from sangkienctl.cli import main

if __name__ == "__main__":
    main(prog_name="sangkienctl")
