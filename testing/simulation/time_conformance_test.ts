import { timeConformance } from "../conformance/time.ts";
import { simulatedHost } from "../fixtures/virtual_host.ts";

const host = simulatedHost();
timeConformance("SimulatedReactor", host.makeReactor, host.FakeTime);
