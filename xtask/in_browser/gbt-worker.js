// One learner in one worker. Each message asks for one thing: { load }, { fit } or { figures }, and is answered when it
// is done.
let learner;

// Trellis, at the settings of the example `bench_gbt`.
class Trellis {
  static async load({ columns, keys }, [x, y, xt, yt]) {
    importScripts('/trellis/bench_gbt.js');
    await wasm_bindgen({ module_or_path: '/trellis/bench_gbt_bg.wasm' });
    return new Trellis(new wasm_bindgen.PageBench(keys.join('\n'), columns, x, y, xt, yt));
  }

  constructor(bench) {
    this.bench = bench;
  }

  fit() {
    this.bench.fit();
  }

  figures(repeats) {
    return JSON.parse(this.bench.figures(repeats));
  }
}

// YDF. Its JavaScript takes the label and the task, and no settings.
class Ydf {
  static async load({ columns }, [x, y, xt, yt]) {
    importScripts('/ydf/training.js');
    const quiet = () => {};
    const library = await YDFTraining({ locateFile: (name) => `/ydf/${name}`, print: quiet, printErr: quiet });
    return new Ydf(library, named(x, y, columns), named(xt, yt, columns));
  }

  constructor(library, train, test) {
    Object.assign(this, { library, train, test });
  }

  fit() {
    this.model?.unload();
    this.model = new this.library.GradientBoostedTreesLearner('label', 'CLASSIFICATION').train(this.train);
  }

  figures() {
    const { label: labels, ...features } = this.test;
    const begun = performance.now();
    const scores = this.model.predict(features);
    const secs = (performance.now() - begun) / 1000;
    // Scores are those of the second class.
    const positive = this.model.getLabelClasses()[1];
    return {
      learner: 'ydf-training',
      auc: auc(scores, labels.map((label) => label === positive)),
      predicted_rows_per_sec: labels.length / secs,
      model: `${this.model.describe().match(/Number of trees: (\d+)/)[1]} rounds`,
    };
  }
}

// Columns by their names, as YDF takes them.
function named(x, y, columns) {
  const column = (j) => Array.from(y, (_, i) => x[i * columns + j]);
  const features = Array.from({ length: columns }, (_, j) => [`x${j}`, column(j)]);
  return { ...Object.fromEntries(features), label: Array.from(y, (label) => (label ? 'yes' : 'no')) };
}

// Area under the ROC curve by ranks, ties sharing theirs.
function auc(scores, positive) {
  const order = Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b]);
  let [ranks, ones] = [0, 0];
  for (let from = 0, to; from < order.length; from = to) {
    for (to = from; to < order.length && scores[order[to]] === scores[order[from]]; to += 1);
    const tied = order.slice(from, to).filter((i) => positive[i]).length;
    ranks += tied * ((from + 1 + to) / 2);
    ones += tied;
  }
  return (ranks - (ones * (ones + 1)) / 2) / (ones * (order.length - ones));
}

async function numbers() {
  const parts = ['X.f32', 'y.u8', 'Xt.f32', 'yt.u8'].map(async (part) => {
    const bytes = await (await fetch(`/numbers/${part}`)).arrayBuffer();
    return part.endsWith('f32') ? new Float32Array(bytes) : new Uint8Array(bytes);
  });
  return Promise.all(parts);
}

async function answer({ load, fit, figures }) {
  if (load) learner = await (load.peer ? Ydf : Trellis).load(load, await numbers());
  if (fit) {
    const begun = performance.now();
    learner.fit();
    return (performance.now() - begun) / 1000;
  }
  return figures ? learner.figures(figures) : undefined;
}

onmessage = ({ data }) => {
  answer(data).then((result) => postMessage({ result }), (error) => postMessage({ failed: String(error?.stack ?? error) }));
};
