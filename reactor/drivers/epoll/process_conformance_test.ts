// Runs the conformance suite of child processes with EpollReactor.

import { processConformance } from "../../../testing/conformance/process.ts";
import { EpollReactor } from "./reactor.ts";

processConformance("EpollReactor", () => new EpollReactor());
