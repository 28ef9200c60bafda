"""Answers in the layouts other programs read: tables for people, Go.Data, SORMAS.

Pure writers that stream. What may leave, and for whom, is decided and recorded before they run.
"""
