"""How the Partner API answers when nothing is wrong."""

from tests.faults.partner import Play, answer

LOCATION = {"Location": "/api/v1/analyses/analysis_1"}
QUEUED = {"id": "analysis_1", "status": "queued", "candidate_id": "candidate-1"}
PROCESSING = {**QUEUED, "status": "processing", "stage": "identity"}
CANCELED = {**QUEUED, "status": "canceled"}
COMPLETED = {
    **QUEUED,
    "status": "completed",
    "stage": "done",
    "report": {"summary": "Ten years of bridges."},
    "metadata": {"pdf_download_url": "https://reports.example.com/1"},
}


def plays() -> dict[str, Play]:
    """For a run that is complete at its first GET."""
    return {
        "POST": answer(202, QUEUED, Retry_After="10", **LOCATION),
        "GET": answer(200, COMPLETED),
        "DELETE": answer(200, CANCELED),
    }
