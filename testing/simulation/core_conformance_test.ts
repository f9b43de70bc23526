import { coreConformance } from "../conformance/core.ts";
import { simulatedHost } from "../fixtures/virtual_host.ts";

const host = simulatedHost();
coreConformance("SimulatedReactor", host.makeReactor, host.FakeTime);
