"""What the near side and the guest tasks say to each other, typed for both ends.

A guest imports this for its type checker alone (it does not travel into containers, and may be written for
a newer Python than a guest); the near side reads by it what comes back.
"""
