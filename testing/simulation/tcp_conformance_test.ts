import { tcpConformance } from "../conformance/tcp.ts";
import { simulatedHost } from "../fixtures/virtual_host.ts";

const host = simulatedHost();
tcpConformance("SimulatedReactor", host.makeReactor, host.tcp(), host.rawTCP);
