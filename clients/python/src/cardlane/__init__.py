"""cardlane for Python.

`cardlane.till` drives a terminal, `cardlane.simulated_reader` is a reader, and `cardlane.sealing`
has the cryptography of both. The folders `keys`, `mesh`, `payment`, `pin`, `processor`, `reader`,
`relay` and `terminal` are generated from the contracts.
"""

__version__ = "0.1.0"
