"""A small PDF to upload, as the runbook's test-document.pdf."""

from typing import Final

CONTENT_TYPE: Final = "application/pdf"
TEXT: Final = "This agreement is confidential and governed by the laws of the land."


def pdf(title: str) -> bytes:
    """One page with a title and `TEXT`; both of plain ASCII without brackets."""
    drawn = f"BT /F1 12 Tf 72 720 Td ({title}) Tj 0 -20 Td ({TEXT}) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    text = "%PDF-1.4\n"
    table = "0000000000 65535 f \n"
    for number, body in enumerate(objects, start=1):
        table += f"{len(text):010} 00000 n \n"
        text += f"{number} 0 obj\n{body}\nendobj\n"
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF\n"
    return f"{text}xref\n0 {size}\n{table}{trailer}".encode("ascii")
