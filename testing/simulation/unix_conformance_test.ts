import { streamConformance } from "../conformance/stream.ts";
import { simulatedHost } from "../fixtures/virtual_host.ts";

const host = simulatedHost();
streamConformance(host.unix("SimulatedReactor UNIX"));
