"""What passes between a reporter and whoever receives its records.

canonical   one form of JSON for one value, and the hashes of records
envelope    records, submissions of them, and acknowledgements, as pydantic models
fields      the forms of single values in a body
bodies      what a record says, one model for each kind of report
record      the envelope and a body, and what the two must agree on
signing     who sent a submission, and who acknowledged it
"""
