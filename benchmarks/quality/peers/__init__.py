"""What a user would pick instead: each a plain model on a bare solver, run as a plug-in method of its own process.

A peer gets the instance and the limit of the job, and hands over what its solver finds; our judge prices
it. It gets no start, no bound and no tuning of ours. Building its model counts in its time.
"""
