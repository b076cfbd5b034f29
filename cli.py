"""Hepatrace in the terminal. Exit code 0: done, 1: data rejected or not there, 2: misuse."""

import click

from commands.lazy import LazyGroup

COMMANDS = {
    "attribution": ("commands.scores:attribution", "Which input changed a score, and by how much."),
    "backup": ("commands.keeping:backup", "Write the current revision into a new zip file."),
    "change": ("commands.change:change", "Change from baseline by visit, and whether it is more than noise."),
    "computability": (
        "commands.scores:computability",
        "How many patients have which score at which visit, and why not.",
    ),
    "create": ("commands.intake:create", "Make a new study from files without a study.toml; what is unsure is asked."),
    "cuts": ("commands.store:cuts", "Data cuts: revisions with a name, which are never pruned."),
    "definitions": ("commands.keeping:definitions", "Print all definitions as Markdown."),
    "evidence": ("commands.evidence:evidence", "Published trials of cells in liver disease, with their sources."),
    "explain": ("commands.scores:explain", "Why a patient's score is what it is."),
    "export": ("commands.keeping:export", "Write a study as CSV, Parquet, Excel, SDTM or ADaM-like files."),
    "import": ("commands.intake:import_", "Import study folders, or files of a study that is there."),
    "figure": ("commands.figure:figure", "The numbers behind one figure, as its passport names them."),
    "notes": ("commands.notes:notes", "Notes and queries; what is reviewed and what is open again."),
    "patient": ("commands.patients:patient", "One patient: the course in a sentence, what changed, all results."),
    "recognize": ("commands.intake:recognize", "Show what the columns of files are taken for, and why."),
    "report": ("commands.report:report", "One document of a cohort: HTML, PDF, PPTX, DOCX or XLSX."),
    "response": ("commands.change:response", "Responders by a rule: rates with exact limits, patients."),
    "restore": ("commands.keeping:restore_", "Publish a backup as the newest revision; older ones stay."),
    "safety": ("commands.safety:safety", "Adverse events, grades, liver injury, decompensation, stopping rules."),
    "score": ("commands.scores:score", "Score a JSON list of records."),
    "setup": ("commands.keeping:setup", "Make the store if there is none."),
    "simulate": ("commands.keeping:simulate", "Write the folder of a SIMULATED trial, ready to import."),
    "studies": ("commands.keeping:studies", "List the studies in the store."),
    "survival": ("commands.survival:survival", "Survival by group: medians, restricted means, tests, models."),
    "undo": ("commands.keeping:undo", "Take back the last import, or one older batch."),
    "verify": ("commands.keeping:verify_", "Prove that nothing was changed by hand."),
    "withdraw": ("commands.store:withdraw_", "Consent withdrawn: erase a subject everywhere."),
    "worklist": ("commands.patients:worklist", "The patients of a cohort, the worst move first, with the reasons."),
}


@click.group(cls=LazyGroup, commands_of=COMMANDS)
def main() -> None:
    """Hepatrace: serial liver data of cell-therapy trials, scored and compared."""


if __name__ == "__main__":
    main()
