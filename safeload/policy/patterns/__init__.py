"""Regular expressions: can one take time exponential in the text?"""
