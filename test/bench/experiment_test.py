"""What bench/experiment makes of its measurements: plan, results, complaints, tables, plots, progress."""
import io
import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench/experiment"))
# pylint: disable=wrong-import-position
import plan
import plots
import progress
import results
import study
import tables

OUTCOMES = ("served", "refused", "timed_out", "reset", "cut_short", "bad_status", "wrong_body", "unreachable",
            "no_local_port")
FACTS = {"machine": "a CPU, 2 CPUs", "cpu": "a CPU", "kernel": "6", "commit": "abc", "configuration": {"driver": "x"},
         "date": "2026-01-01"}


def load(counts, **lost):
    """A report of steelyard-load: what each server served, and what was lost."""
    served = sum(counts)
    outcomes = {**dict.fromkeys(OUTCOMES, 0), **lost, "served": served}
    return {"requested": sum(outcomes.values()), "served": served, "outcomes": outcomes, "answers": served,
            "held": served, "seconds": 2.0, "latency_us": {"p50": 1500, "p99": 9000},
            "bodies": {f"server {i}": count for i, count in enumerate(counts, 1)}}


def raw_cell(counts, **lost):
    return {"load": load(counts, **lost), "director_before": [5] * len(counts),
            "director_after": [5 + count for count in counts], "nginx": list(counts), "cpu": 0.5}


def even(cell):
    return [cell.connections // cell.servers + (i < cell.connections % cell.servers) for i in range(cell.servers)]


class Plan(unittest.TestCase):
    def test_the_study_has_84_cells_and_884040_connections(self):
        cells = [cell for cell in plan.cells() if cell.users in plan.USERS]
        self.assertEqual(len(cells), 84)
        self.assertEqual(sum(cell.connections for cell in cells), 884_040)
        self.assertEqual(len(list(plan.cells())), 90)

    def test_quick_takes_one_iteration_count_for_each_row(self):
        rows = [(cell.users, cell.servers) for cell in plan.cells(quick=True)]
        self.assertEqual(len(rows), len(set(rows)))
        self.assertEqual(len(rows), 18)

    def test_patterns_choose_cells(self):
        self.assertEqual([job.name for job in plan.jobs(patterns=["8x1x*", "64x30x4"])],
                         ["8x1x1", "8x1x2", "8x1x4", "64x30x4"])
        with self.assertRaisesRegex(ValueError, "--cells 9x"):
            plan.jobs(patterns=["8x1x1", "9x*"])

    def test_parts_choose_jobs(self):
        self.assertEqual([type(job) for job in plan.jobs(["concurrency"])], [plan.Held])
        self.assertEqual(plan.jobs(["concurrency"])[0].held, 200_000)
        self.assertEqual([job.kind for job in plan.jobs(["varied"])], list(plan.KINDS))


class Study(unittest.TestCase):
    def test_what_was_printed(self):
        self.assertEqual(study.printed(8, 30, 2), (1080, "100 %"))
        self.assertEqual(study.printed(16, 25, 1), (3400, "100 %"))
        self.assertEqual(study.printed(16, 30, 1), (2856, "70 %"))
        self.assertEqual(study.printed(16, 30, 4), (3958, "97 %"))
        self.assertEqual(study.printed(32, 10, 1), (3969, "3969"))
        self.assertIsNone(study.printed(32, 10, 2))
        self.assertIsNone(study.printed(64, 1, 1))
        self.assertEqual(study.printed(64, 30, 4), (4000, "about 4000 (6 %)"))
        self.assertIsNone(study.printed(128, 1, 4))


class Measured(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.out = pathlib.Path(directory.name)
        self.file = self.out / "results.json"

    def results(self, **facts):
        return results.Results(self.file, {**FACTS, **facts})

    def test_a_cell_has_the_promised_fields(self):
        cell = plan.Cell(8, 1, 2)
        entry = self.results().add(cell, raw_cell([18, 10], refused=2, unreachable=1, timed_out=1, reset=1, cut_short=1,
                                                  wrong_body=1, bad_status=1))
        self.assertEqual(entry, {
            "director": "steelyard", "scheduler": "rr", "users": 8, "iterations": 1, "servers": 2, "requested": 36,
            "served": 28, "refused": 3, "timed_out": 1, "reset": 2, "wrong_body": 2, "per_server": [18, 10], "seconds": 2.0,
            "p50_ms": 1.5, "p99_ms": 9.0, "director_cpu_seconds": 0.5})

    def test_finished_jobs_are_known_again_with_the_same_commit_and_configuration_only(self):
        done, open_one = plan.Cell(8, 1, 2), plan.Cell(8, 5, 2)
        self.results().add(done, raw_cell([18, 18]))
        again = self.results(date="2026-01-02")
        self.assertTrue(again.has(done))
        self.assertFalse(again.has(open_one))
        for change in ({"commit": "def"}, {"configuration": {"driver": "y"}}, {"kernel": "7"}):
            other = self.results(**change)
            self.assertTrue(other.outdated)
            self.assertFalse(other.has(done))
        self.assertEqual(len(json.loads(self.file.read_text())["cells"]), 1)

    def test_held_and_varied_jobs_are_known_again(self):
        held, varied = plan.Held(36), plan.Varied("dns", 4)
        kept = self.results()
        kept.add(held, {"loads": [load([9, 9, 9, 9])], "active": 36, "seconds_to_open": 1, "cpu": 1})
        kept.add(varied, {"loads": {"dns": load([5, 5, 5, 5])}, "uploads": 0, "cpu": 1})
        again = self.results()
        self.assertTrue(again.has(held) and again.has(varied))
        self.assertFalse(again.has(plan.Held(37)) or again.has(plan.Varied("dns", 100)))
        self.assertEqual(results.complaints(again.data), [])

    def test_nothing_that_is_wrong_goes_unsaid(self):
        cell = plan.Cell(8, 1, 2)
        for raw, says in ((raw_cell([18, 17], reset=1), "35 of 36 served"), (raw_cell([20, 16]), "uneven shares"),
                          ({**raw_cell([18, 18]), "nginx": [18, 17]}, r"nginx \[18, 17\]"),
                          ({**raw_cell([18, 18]), "director_after": [23, 24]}, r"director \[18, 19\]")):
            kept = self.results()
            kept.add(cell, raw)
            self.assertRegex("\n".join(results.complaints(kept.data)), says)
            self.file.unlink()

    def test_a_held_connection_that_died_and_a_damaged_upload_are_said(self):
        kept = self.results()
        kept.add(plan.Held(36), {"loads": [load([9, 9, 9, 8], reset=1)], "active": 36, "seconds_to_open": 1, "cpu": 1})
        kept.add(plan.Varied("upload"), {"loads": {"upload": load([4])}, "uploads": 3, "cpu": 1})
        self.assertEqual(len(results.complaints(kept.data)), 2)

    def test_a_client_without_ports_says_nothing_about_the_director(self):
        with self.assertRaisesRegex(RuntimeError, "no port or socket left for 3"):
            self.results().add(plan.Cell(8, 1, 2), raw_cell([18, 15], no_local_port=3))

    def test_tables_and_plots_of_a_whole_run(self):
        kept = self.results()
        for cell in plan.cells():
            kept.add(cell, raw_cell(even(cell)))
        kept.add(plan.Held(36), {"loads": [load([9, 9, 9, 9])], "active": 36, "seconds_to_open": 1, "cpu": 1})
        kept.add(plan.Varied("dns"), {"loads": {"dns": load([5, 5, 5, 5])}, "uploads": 0, "cpu": 1})
        self.assertEqual(results.complaints(kept.data), [])
        text = tables.summary(kept.data)
        self.assertIn("90 cells, ", text)
        self.assertIn("| 1 | 30 | 4,080 | 100 % | 70 % | 4,080 |", text)
        self.assertIn("| 4 | 30 | 62,400 | 100 % | about 4000 (6 %) | 4 x 15,600 |", text)
        self.assertIn("## 256 users, past the study", text)
        plots.draw(kept.data, self.out)
        for name in ("users-8", "users-16", "users-32", "users-64", "served", "held"):
            words = "".join(xml.parse(self.out / f"{name}.svg").getroot().itertext())
            self.assertIn("commit abc", words)
            self.assertTrue((self.out / f"{name}.png").read_bytes().startswith(b"\x89PNG"))

    def test_part_of_a_run_can_be_shown(self):
        kept = self.results()
        kept.add(plan.Cell(16, 30, 2), raw_cell([2040, 2039], reset=1))
        self.assertIn("| 2 | 30 | 4,080 | 99.98 % | 97 % | 2,040 + 2,039 |", tables.summary(kept.data))
        plots.draw(kept.data, self.out)
        self.assertEqual(sorted(p.name for p in self.out.glob("*.svg")), ["served.svg", "users-16.svg"])


class Slowed(unittest.TestCase):
    FACTS = {**FACTS, "configuration": {"slow server": {"number": 2, "requests a second": 200, "wire": "700kbit"}}}

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.out = pathlib.Path(directory.name)

    def results(self):
        return results.Results(self.out / "schedulers.json", self.FACTS, ("slowed",))

    def test_every_scheduler_meets_every_load_of_the_cell(self):
        jobs = plan.slowed(plan.SCHEDULERS)
        self.assertEqual(len(jobs), 24)
        self.assertEqual({(job.users, job.iterations, job.servers, job.connections) for job in jobs}, {(64, 10, 4, 20_800)})
        self.assertEqual(jobs[0].line(), "slowed steelyard rr 4 ramp 64 10")
        with self.assertRaisesRegex(ValueError, "--schedulers best"):
            plan.slowed(["rr", "best"])

    def test_results_are_known_again_by_load_and_scheduler(self):
        job = plan.Slowed("users", "sed")
        self.results().add(job, raw_cell([40, 5, 40, 40]))
        again = self.results()
        self.assertTrue(again.has(job))
        self.assertFalse(again.has(plan.Slowed("ramp", "sed")) or again.has(plan.Slowed("users", "lc")))
        self.assertEqual(results.complaints(again.data), [])

    def test_wrong_counts_and_losses_are_said(self):
        kept = self.results()
        kept.add(plan.Slowed("users", "sed"), {**raw_cell([40, 5, 40, 40]), "nginx": [40, 6, 40, 40]})
        kept.add(plan.Slowed("ramp", "lc"), raw_cell([40, 5, 40, 39], reset=1))
        kept.add(plan.Slowed("wire", "wrr"), raw_cell([40, 5, 40, 40]))
        said = results.complaints(kept.data)
        self.assertEqual(len(said), 3)
        self.assertRegex("\n".join(said), r"(?s)users.*nginx \[40, 6, 40, 40\].*124 of 125 served.*uneven shares")

    def test_table_and_plots(self):
        kept = self.results()
        for job in plan.slowed(["rr", "sed"]):
            kept.add(job, raw_cell([30, 30, 30, 30] if job.scheduler == "rr" else [38, 6, 38, 38]))
        self.assertIn("| sed | 100 % | 38 | 6 | 38 | 38 | 5.0 % | 60 |", tables.slowed_summary(kept.data))
        plots.draw_slowed(kept.data, self.out)
        for load in plan.LOADS:
            words = "".join(xml.parse(self.out / f"schedulers-{load}.svg").getroot().itertext())
            self.assertIn("connections served a second", words)
            self.assertTrue((self.out / f"schedulers-{load}.png").read_bytes().startswith(b"\x89PNG"))


class Shown(unittest.TestCase):
    def test_percent_never_rounds_a_loss_away(self):
        self.assertEqual(tables.percent(5, 5), "100 %")
        self.assertEqual(tables.percent(999_999, 1_000_000), "99.99 %")
        self.assertEqual(tables.percent(1, 4), "25.00 %")

    def test_progress_says_where_and_how_long(self):
        now, out = [0.0], io.StringIO()
        cells = [plan.Cell(8, 1, 1), plan.Cell(8, 1, 1)]
        shown = progress.Progress(cells, out, lambda: now[0])
        shown.begin(cells[0])
        now[0] = 120.0
        shown.end("fine")
        self.assertEqual(out.getvalue(), "[1/2] 8 users x 1, 1 server, rr: fine; 2 min left\n")
        self.assertEqual([progress.duration(s) for s in (0.2, 59, 61, 7200)], ["1 s", "59 s", "1 min", "2.0 h"])


unittest.main()
