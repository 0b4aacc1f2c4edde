"""What the scripted clients share: one line a check, and the closing line."""

import sys
import time
import traceback

counts = {"passed": 0, "failed": 0}


def check(name):
    """Runs one check, prints its line, and goes on whatever came of it."""

    def run(function):
        started = time.monotonic()
        try:
            result = function()
            counts["passed"] += 1
            print(f"ok   {name} ({time.monotonic() - started:.1f} s)", flush=True)
            return result
        except Exception:
            counts["failed"] += 1
            print(f"FAIL {name}: {traceback.format_exc()}", flush=True)

    return run


def finish():
    """Prints the closing line, and exits with the status that belongs to it."""
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    sys.exit(counts["failed"] > 0)
