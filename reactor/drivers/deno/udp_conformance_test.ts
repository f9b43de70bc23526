import { udpConformance } from "../../../testing/conformance/udp.ts";
import { DenoReactor } from "./reactor.ts";

udpConformance("DenoReactor", () => new DenoReactor());
