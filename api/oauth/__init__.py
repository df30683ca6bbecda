"""The authorization server: Authlib's core over our tables.

Authlib is synchronous and knows no Litestar: everything that needs `await` is read first, then the core runs on one
connection in one transaction, which commits also when the answer is an error (docs/decisions/0004).
"""
