import { udpConformance } from "../../../testing/conformance/udp.ts";
import { EpollReactor } from "./reactor.ts";

udpConformance("EpollReactor", () => new EpollReactor());
