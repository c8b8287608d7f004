"""What the published study printed: connections served, of those asked for."""

LIMIT = 4000  # connections, past which its director refused new ones


def printed(users, iterations, servers):
    """(connections served, as printed) of a cell of the study; None where no figure was printed."""
    requested = iterations * users * (users + 1) // 2
    if users == 8 or (users == 16 and iterations <= 25):
        return requested, "100 %"
    if users == 16 and iterations == 30:
        percent = 70 if servers == 1 else 97
        return round(requested * percent / 100), f"{percent} %"
    if users == 32 and iterations == 10 and servers == 1:
        return 3969, "3969"
    if users == 64 and iterations >= 5:
        percent = {5: "about 4000 (38 %)", 30: "about 4000 (6 %)"}
        return LIMIT, percent.get(iterations, "about 4000")
    return None
