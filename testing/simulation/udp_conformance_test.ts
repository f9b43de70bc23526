import { udpConformance } from "../conformance/udp.ts";
import { simulatedHost } from "../fixtures/virtual_host.ts";

const host = simulatedHost();
udpConformance("SimulatedReactor", host.makeReactor, host.bindRawPeer);
