"""`python -m mini.train` lists the steps of the training plan, with `--go` it runs them."""

from __future__ import annotations

from mini.train.run import main

if __name__ == "__main__":
    main()
