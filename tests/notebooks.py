"""Notebooks run as Jupyter runs them, without a browser."""

import sys
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from tests.deployed import DEPLOY, ROOT

NOTEBOOKS = DEPLOY / "notebooks"
CELL_SECONDS = 600


def read(name: str) -> nbformat.NotebookNode:
    """A notebook of ours, held against Jupyter's schema. Raises nbformat.ValidationError."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    return notebook


def run(name: str, config: Path, last: str = "") -> nbformat.NotebookNode:
    """Run every cell with this settings file, and `last` after them. Raises CellExecutionError with a cell's own error."""
    notebook = read(name)
    if last:
        notebook.cells.append(nbformat.v4.new_code_cell(last))
    # A kernel of this very Python, whatever kernels the machine has.
    specs = KernelSpecManager(ensure_native_kernel=True, allowed_kernelspecs=set())
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    manager.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    client = NotebookClient(notebook, timeout=CELL_SECONDS, km=manager, resources={"metadata": {"path": str(ROOT)}})
    return client.execute(env={"TAGSTREAM_CONFIG": str(config), "PYTHONPATH": str(ROOT)})


def printed(notebook: nbformat.NotebookNode) -> str:
    """What the last cell printed."""
    return "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
