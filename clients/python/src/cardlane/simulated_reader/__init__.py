"""A reader without a card slot: it presents one published test card by itself.

Like the contract's own simulation it is not certified, and no real card belongs in it.
"""
