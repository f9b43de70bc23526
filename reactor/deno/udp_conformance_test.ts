import { udpConformance } from "../conformance/udp.ts";
import { DenoReactor } from "./reactor.ts";

udpConformance("DenoReactor", () => new DenoReactor());
