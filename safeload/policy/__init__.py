"""Policy: may the globals of a program be used the way it uses them?"""
