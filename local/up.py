"""`up`: check, install, build, start and deploy; whatever is done already is left as it is."""

import json
from functools import partial
from pathlib import Path
from threading import Semaphore

from local import (
    agent_pods,
    builds,
    cluster_objects,
    deploy,
    env,
    kube_context,
    node,
    packages,
    prerequisites,
    pulumi_tools,
    settle,
)
from local.builds import Build, Builder
from local.commands import COMMANDS
from local.credentials import write
from local.graph import Step, run_steps
from local.images_import import import_images
from local.lock import one_at_a_time
from local.parts import Containerd, Kubelet, Kwok, Part, all_parts
from local.problems import LocalStackError
from local.stack import NodeKind, Stack

# Two at a time: one links while the other compiles, and memory stays within bounds.
BUILDS_AT_ONCE = 2
ASSUMED = """\
Only the Pulumi side is set up. Assumed to be there, in the cluster of context {name!r}:
  - Gateway API with a controller, a Gateway `public` in namespace `gateway-system`
  - images localhost/legal-ai-backend and -frontend (`python -m local images` makes the archives),
    or your own: pulumi config set --path services.backend.image NAME
  - a PostgreSQL and a Redis that its pods reach, as the stack's config says"""


class Up:
    """One run of `up` for this machine's own node."""

    def __init__(self, stack: Stack, simulate: bool, with_deploy: bool) -> None:
        self.stack = stack
        self.places = stack.places
        self.report = stack.report
        self.simulate = simulate
        self.with_deploy = with_deploy
        self.builder = Builder(stack.places)
        self.tools = pulumi_tools.find(stack.places)
        self.archives: list[Path] = []
        self._building = Semaphore(BUILDS_AT_ONCE)

    def run(self) -> None:
        """Do everything; raise LocalStackError for whatever goes wrong."""
        needed = [build for build in self.builds if not self.builder.is_built(build)]
        prerequisites.require(prerequisites.of_the_stack(self.stack, bool(needed)))
        self.places.make_folders()
        packages.tidy_up()
        self.keep_node()
        with self.report.live():
            run_steps(self.steps(), stop=COMMANDS.stop_all)
        values = env.variables(self.places, node=self.stack.node)
        write(self.places.env, env.render(self.places, values))
        finish(self.stack, self.tools, values, self.with_deploy)

    @property
    def builds(self) -> list[Build]:
        """What has to be built for this machine, in the order of who is waited for most."""
        pulumi = [] if self.tools.command else [builds.PULUMI]
        return [builds.PAUSE, builds.CLUSTER, builds.OPERATOR_TYPES, *pulumi]

    def keep_node(self) -> None:
        """Stay with the kind of node that runs; refuse to be asked for the other."""
        if Kwok(self.stack).pid is not None:
            self.simulate = True
        elif self.simulate and Kubelet(self.stack).pid is not None:
            raise LocalStackError("A node with containers is running. First: make down")

    def steps(self) -> list[Step]:
        """Return all steps; those of parts that the node doesn't have do nothing."""
        steps = [
            Step("packages", partial(self.install, packages.TOOLS)),
            Step("browser", partial(self.install, packages.BROWSER), ("packages",)),
            *(Step(f"build {build.name}", partial(self.build, build)) for build in self.builds),
            Step("node", self.settle_node, ("packages", "build pause")),
            Step("build kwok", self.build_kwok, ("node",)),
            Step("images", self.make_images, ("packages",)),
            Step("import images", self.import_images, ("node", "images")),
            Step("plugins", partial(pulumi_tools.install, self.places, self.tools)),
            Step("cluster objects", self.apply_objects, ("apiserver", "build operator-types")),
            Step("agent's pods", self.replace_agents, ("kubelet", "controller-manager")),
            Step("pods", self.wait_for_pods, ("agent's pods", "kube-proxy")),
        ]
        in_steps = {"network", "containerd"}  # "node" starts these to find out whether they work
        parts = [part for part in all_parts(self.stack) if part.name not in in_steps]
        return steps + [Step(part.name, partial(self.start, part), part.needs) for part in parts]

    def install(self, tools: tuple[packages.Tool, ...]) -> None:
        """Install what is missing of `tools`."""
        if lacking := packages.missing(tools):
            names = ", ".join(tool.name for tool in lacking)
            with self.report.step(f"install {names}"):
                packages.install(lacking, self.places)

    def build(self, build: Build) -> None:
        """Build `build` unless it is there."""
        if not self.builder.is_built(build):
            with self._building, self.report.step(f"build {build.name}"):
                self.builder.build(build)

    def build_kwok(self) -> None:
        """Build KWOK, only where the node is simulated."""
        if self.stack.node is NodeKind.SIMULATED:
            self.build(builds.KWOK)

    def settle_node(self) -> None:
        """Find out what kind of node this machine can be."""
        node.settle_node(self.stack, self.simulate)

    def make_images(self) -> None:
        """Build the application's images where they are stale."""
        if not self.simulate:
            with self.report.step("images"):
                self.archives = build_images(self.stack)

    def import_images(self) -> None:
        """Give the images to containerd."""
        if self.stack.node is NodeKind.CONTAINERS:
            names = import_images(Containerd(self.stack), self.archives)
            if names:
                self.report.line(f"imported {', '.join(names)}")

    def start(self, part: Part) -> None:
        """Start `part` if this node has it."""
        if part.wanted:
            part.start()

    def apply_objects(self) -> None:
        """Apply what the cluster needs before anything is deployed."""
        with self.report.step("apply Gateway API types and the public gateway"):
            cluster_objects.apply_cluster_objects(self.stack)

    def replace_agents(self) -> None:
        """Replace the agent's pods that run an older image."""
        if self.stack.node is NodeKind.CONTAINERS:
            agent_pods.replace_outdated(self.stack, self.archives)

    def wait_for_pods(self) -> None:
        """Wait for the pods of an earlier run."""
        with self.report.step("pods of earlier runs"):
            settle.wait_for_pods(self.stack)


def up(stack: Stack, *, simulate: bool, with_deploy: bool) -> None:
    """Run `up` for this machine's own node, alone."""
    with one_at_a_time(stack.places):
        Up(stack, simulate, with_deploy).run()


def up_elsewhere(stack: Stack, name: str, *, with_deploy: bool) -> None:
    """Run `up` for the existing cluster of context `name`: Pulumi's side only."""
    places, tools, builder = stack.places, pulumi_tools.find(stack.places), Builder(stack.places)
    searched = kube_context.sources()
    config = kube_context.load(searched)
    build_needed = tools.command is None and not builder.is_built(builds.PULUMI)
    prerequisites.require(
        [
            prerequisites.has_python,
            lambda: kube_context.problems(config, name, searched),
            *prerequisites.of_builds(places, build_needed),
        ]
    )
    with one_at_a_time(places):
        places.make_folders()
        if build_needed:
            with stack.report.live(), stack.report.step("build pulumi"):
                builder.build(builds.PULUMI)
        pulumi_tools.install(places, tools)
        write(places.kubeconfig, json.dumps(kube_context.single(config, name), indent=2))
        values = env.variables(places, kube_context.state_folder(name), "existing")
        values = {key: value for key, value in values.items() if key != "AWS_ENDPOINT_URL"}
        write(places.env, env.render(places, values))
        for line in ASSUMED.format(name=name).splitlines():
            stack.report.line(line, "yellow")
        finish(stack, tools, values, with_deploy)


def finish(
    stack: Stack, tools: pulumi_tools.PulumiTools, values: dict[str, str], with_deploy: bool
) -> None:
    """Deploy, and say what is in use and where things are."""
    places, report = stack.places, stack.report
    for line in pulumi_tools.lines_in_use(places, tools):
        report.line(line)
    if with_deploy:
        environment = env.environment(places, values)
        with report.step("deploy stack local"):
            deploy.deploy(places, environment, report)
        for key, value in sorted(deploy.outputs(places, environment).items()):
            report.line(f"  {key}: {value if isinstance(value, str) else json.dumps(value)}")
        if stack.node is NodeKind.CONTAINERS:
            report.line(deploy.public_answer(), "bold")
    report.line("ready. In a shell: source .local/env", "bold green")


def build_images(stack: Stack) -> list[Path]:
    """Build the sample application's images where they are stale; return their archives."""
    from local.images import ensure_images  # noqa: PLC0415 - what it needs may be installed first

    return ensure_images(stack.places.root, stack.report.line)


def images(stack: Stack) -> None:
    """Build stale images; import them where containerd runs."""
    with stack.report.step("images"):
        archives = build_images(stack)
    containerd = Containerd(stack)
    if containerd.pid is not None:
        for name in import_images(containerd, archives):
            stack.report.line(f"imported {name}")
        agent_pods.replace_outdated(stack, archives)
