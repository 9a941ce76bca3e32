"""What people are owed.

Messages are written in the transaction of what they tell, with the facts they show; refusals go on record.
"""
