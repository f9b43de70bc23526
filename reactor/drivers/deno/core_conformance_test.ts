import { FakeTime } from "@std/testing/time";
import { coreConformance } from "../../../testing/conformance/core.ts";
import { DenoReactor } from "./reactor.ts";

coreConformance("DenoReactor", () => new DenoReactor(), FakeTime);
