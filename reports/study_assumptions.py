"""One page of what the study assumes, since public copies of the paper hold its abstract only."""

ASSUMPTIONS: tuple[str, ...] = (
    "The paper. Shakiah et al., Accelerator-Aware Training for Transducer-Based Speech Recognition (SLT 2022), "
    "reports 5 to 7 % lower engine latency and up to 10 % lower relative word error rate. Its body is not public: "
    "operator list, formats, chip, sizes and schedule are defined here and are ours. Whether its numbers were measured "
    "on a chip of this kind is not known.",
    "The systems. cpu_int8 multiplies on the CPU in int8, in ranges that it finds at each step, and computes all else "
    "in float (ONNX's DynamicQuantizeLinear and MatMulInteger). cpu_fallback runs matrix products in int8 on the chip "
    "and everything between them in float on the CPU; aat and naive run everything but the quantisation of the "
    "features on the chip.",
    "The hand-off. One crossing between CPU and chip is a constant; published ones lie between 1 and 172 us. A "
    "crossing happens where an operation reads what only the other side holds, and serves all later readers.",
    "The CPU. One core of a phone's class, otherwise idle; element-wise rates per element and the rates of products "
    "(edge256: 8 GFLOP/s in float, 32 GOP/s in int8) are assumed.",
    "The memory. CPU and chip read one DRAM, which delivers a part of its peak rate (dram.efficiency, 0.8 in most "
    "presets; 0.7 to 0.9 in a table of its own). Intel's guide to external memory interfaces calls 70 % typical and "
    "gives 92 % as the most that a controller reaches.",
    "The models. The trained one decodes the speech itself. The paper-sized ones have no trained weights here: they "
    "hear the same speech, and every symbol leaves at the time at which the trained model emitted it. Where that model "
    "emits whole words, real systems run prediction and joint more often: the table of symbol rates says what that "
    "changes, over an assumed range of rates.",
    "Encoders of the paper-sized shapes: rnnt-paper 5 x 1024; rnnt-mlperf 2 x 1024, two frames stacked, 3 x 1024; "
    "rnnt-85m 2 x 1024, two frames stacked, 6 x 1024. Their weights exceed the SRAM many times, so nearly all of them "
    "come from DRAM at every step.",
    "Mixed placements. An operation on the CPU computes in float32 on what it is given, one on the chip in integers; "
    "a value is rounded when the chip reads what the CPU made. Weights and embedding have the chip's bits on both "
    "sides. A chip's own compiler may round elsewhere.",
    "Time. Utterances are independent and begin with an idle chip. Engine latency runs from the last audio to the "
    "final hypothesis. Percentiles are over utterances; intervals are percentile bootstraps over utterances, 2,000 "
    "resamples, seed 0. The simulation itself has no noise.",
    "The speech. If it is the bundled corpus, it is single words joined, of six people: fluent speech is harder.",
)
