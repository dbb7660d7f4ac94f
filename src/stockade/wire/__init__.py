"""What passes between a reporter and whoever receives its records.

canonical   one form of JSON for one value, and the hashes of records
envelope    records, submissions of them, and acknowledgements, as pydantic models
bodies      what a record says, one model for each type of event
signing     who sent a submission, and who acknowledged it
"""
