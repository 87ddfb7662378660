"""The shape of the programme for benchmarks that need no names: its union tree and its campaigns."""

# As in the programme: 20 federations, 10 upper levels each, 4 grassroots unions each; two open campaigns.
PATHS = [
    ("TLD", f"LD-{f}", f"LD-{f}-{s}", f"LD-{f}-{s}-{g}")
    for f in range(20)
    for s in range(10)
    for g in range(4)
]
CAMPAIGNS = ("phase-1", "peak-40-days")
