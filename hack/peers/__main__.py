"""`python -m hack.peers NAME...`."""

import sys

from hack.peers import main

if __name__ == "__main__":
    sys.exit(main())
