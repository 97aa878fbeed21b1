"""The documents that cross a wall, as types: for who reads or checks this code, and for no program.

Python 3.6 has no `TypedDict`, so these modules are empty when they run, and who uses a type of theirs
imports it below `TYPE_CHECKING`. What makes a document such a one is a check in its one reader:

    manifest.json           `bundle.manifest.parse`
    the signed envelope     `bundle.envelope.parse_head`, `parse_statement`
    proof.json              `bundle.proof.parse`
    facts.json              `parity.probe.facts_file.read_facts`; `machine.facts.measure` makes it
    a delta's index         `transfer.delta.read_index`
    a volume's header       `transfer.volumes.parse_header`
    parity-receipt.json     `farside.install.receiptfile.read_receipt`
    the record of acts      `farside.install.journal.read`
    project/project.json    `farside.project.projectfile.read_project`

Standard library only, Python 3.6 and later.
"""
