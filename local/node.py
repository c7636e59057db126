"""What kind of node this machine can be: tried by running a container, not guessed."""

from local import kernel_settings
from local.builds import PAUSE
from local.images_import import import_images
from local.parts.containerd import Containerd
from local.parts.network import Network
from local.pause_image import write_pause_image
from local.problems import InterruptedByUserError, LocalStackError
from local.stack import NodeKind, Stack

LEFT_OUT = """\
Containers can't be run on this machine, so the node is simulated with KWOK:
  {reason}
What that leaves out: pods are only said to run. No image is started, no probe asked, no request
answered: the gateway returns 503, and smoke tests and traffic tests have nothing to talk to.
What stays real: the API server, its admission and controllers, Pulumi, the gateway's routes,
PostgreSQL, Redis and the AWS API."""


def settle_node(stack: Stack, simulate: bool) -> None:
    """Start network and containerd and run a container; where that fails, fall back and say so."""
    if simulate:
        fall_back(
            stack,
            "asked for with --simulate-node, or so since the last start (make down ends that)",
        )
        return
    containerd, network = Containerd(stack), Network(stack)
    stack.decide_node(NodeKind.CONTAINERS)
    kernel_settings.remember(stack.places)
    try:
        network.start()
        containerd.start()
        archive = containerd.data / "pause.tar"
        write_pause_image(stack.places.bin / PAUSE.programs[0], archive)
        import_images(containerd, [archive])
        containerd.can_run_containers()
    except InterruptedByUserError:
        raise  # says nothing about the machine
    except LocalStackError as error:
        containerd.stop()
        try:
            network.stop()
        except LocalStackError as undone:
            stack.report.line(f"network: {undone}", "yellow")
        fall_back(stack, str(error))


def fall_back(stack: Stack, reason: str) -> None:
    """Decide on a simulated node and say what it leaves out."""
    stack.decide_node(NodeKind.SIMULATED)
    first_lines = "\n  ".join(reason.strip().splitlines()[:6])
    for line in LEFT_OUT.format(reason=first_lines).splitlines():
        stack.report.line(line, "yellow")
