// What a person may ask of a search beside the question: weights, constraints, limits.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  alerted,
  browser,
  download,
  drop,
  finished,
  id,
  openPage,
  portraits,
  search,
  server,
  useServerAndBrowser,
} from './harness.mjs';

useServerAndBrowser();

// The same numbers at every run (a linear congruence, Lehmer's).
function draws(seed) {
  let state = seed;
  const uniform = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return { uniform, normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()) };
}

// Rows of two kinds with opposite answers; those of the second kind do not count. `weight` may say otherwise of a row.
function twoKinds(rows, weight = (usual) => usual) {
  const { normal } = draws(7);
  const lines = Array.from({ length: rows }, (_, i) => {
    const second = i % 2 === 1;
    const x = normal();
    const yes = x + 0.3 * normal() > 0 !== second;
    return [x.toFixed(3), normal().toFixed(3), weight(second ? '0' : '2.5', i + 1), yes ? 'yes' : 'no'].join(',');
  });
  return `x,noise,w,answer\n${lines.join('\n')}\n`;
}

const probabilityOfYes = async (page) => {
  const told = JSON.parse(await id(page, 'predict-result').getAttribute('data-probabilities'));
  return told.find(([name]) => name === 'yes')[1];
};

test('weights, a direction and limits are heeded', { timeout: 120_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  await drop(page, 'kinds.csv', twoKinds(3_000));
  await id(page, 'target-select').waitFor();
  assert.equal(await id(page, 'target-select').inputValue(), 'answer');
  await page.getByText('More settings').click();
  await id(page, 'weights-select').selectOption('w');
  await page.getByText('What predictions must keep to').click();
  const directions = page.getByRole('group', { name: 'Directions' });
  // A column of weights is not learned from, so it has no direction.
  assert.deepEqual(await directions.locator('.field > span').allInnerTexts(), ['x', 'noise']);
  await page.getByText('the probability of "yes" may be made to go only up').waitFor();
  // By keyboard alone.
  const ofX = directions.getByRole('combobox', { name: 'x', exact: true });
  await ofX.focus();
  await page.keyboard.press('ArrowDown');
  assert.equal(await ofX.inputValue(), 'up');
  await page.getByText('1 direction', { exact: true }).waitFor();
  await id(page, 'memory-input').fill('1');
  await portraits(page, 'options', id(page, 'constraints'));
  // What was chosen stays when another target has been looked at.
  await id(page, 'target-select').selectOption('w');
  await page.getByText('Predict w').waitFor();
  assert.equal(await id(page, 'weights-select').inputValue(), '');
  await id(page, 'target-select').selectOption('answer');
  await page.getByText('Predict answer').waitFor();
  assert.equal(await id(page, 'weights-select').inputValue(), 'w');
  assert.equal(await ofX.inputValue(), 'up');

  await search(page, { seconds: '6' });
  await finished(page);
  const result = page.locator('.result');
  await result.getByText('each counts as much as its "w"').waitFor();
  await result.getByText('Rows of weight 0 are left out: 1,500.').waitFor();
  await result.getByText('Learned from 1,000 of 1,500 rows').waitFor();
  const remarks = await id(page, 'board-remark').allInnerTexts();
  assert.ok(remarks.some((r) => /cannot keep to the constraints.*Logistic/i.test(r)), remarks.join('\n'));
  const learners = await id(page, 'leaderboard-row').locator('.link').allInnerTexts();
  assert.ok(learners.some((l) => /boosting/i.test(l)) && !learners.some((l) => /logistic|network/i.test(l)), learners.join(', '));
  await portraits(page, 'options-heeded', result.locator('.notes'));

  // What if: x from end to end. Rows of the first kind decide, and the probability only rises.
  const form = id(page, 'predict-form');
  assert.deepEqual((await form.locator('[name]').evaluateAll((all) => all.map((f) => f.name))).sort(), ['noise', 'x']);
  const told = [];
  for (let x = -2; x <= 2; x += 0.25) {
    await form.locator('input[name=x]').fill(String(x));
    await form.getByRole('button', { name: 'Predict this row' }).click();
    await page.waitForTimeout(150);
    told.push(await probabilityOfYes(page));
  }
  assert.ok(told.every((p, i) => i === 0 || p >= told[i - 1]), told.join(' '));
  assert.ok(told[0] < 0.25 && told.at(-1) > 0.75, `the weights were not heeded: ${told.join(' ')}`);

  // No model predicts a row in so short a time.
  await id(page, 'predict-limit-input').fill('0.0001');
  await search(page, { seconds: '4' });
  await result.getByText('No model was found that predicts a row in 0.0001 µs').waitFor({ timeout: 60_000 });
  await page.getByText(/Not in the model, as they are slower to predict than was asked for/).waitFor();
  await portraits(page, 'options-slow', result.locator('.notes'));
  assert.deepEqual(faults, []);
  await context.close();
});

test('a column that is no weight is refused with its row, and nothing is lost', { timeout: 90_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  const bad = { 7: '-1', 9: '' };
  await drop(page, 'bad.csv', twoKinds(300, (usual, row) => bad[row] ?? usual));
  await id(page, 'target-select').waitFor();
  await search(page, { models: '3' });
  await finished(page);
  const verdict = await id(page, 'verdict').innerText();
  const before = readFileSync(await download(page, 'before.trellis', () => id(page, 'download-model').click()));

  await id(page, 'weights-select').selectOption('w');
  await id(page, 'predict-limit-input').fill('0');
  await id(page, 'start-search').click();
  await alerted(page, '"Most µs to predict a row" is a number above 0');
  await portraits(page, 'options-field', page.locator('.field-error'));
  await id(page, 'predict-limit-input').fill('');
  await id(page, 'start-search').click();
  await alerted(page, 'The weight of row 7 in "w" is "-1": a weight is a number from 0 on.');
  await portraits(page, 'options-refused', page.locator('.question'));

  // The form is as it was filled in, and the last result is there and works.
  assert.equal(await id(page, 'weights-select').inputValue(), 'w');
  assert.equal(await id(page, 'max-trials-input').inputValue(), '3');
  assert.equal(await id(page, 'start-search').isEnabled(), true);
  assert.equal(await id(page, 'verdict').innerText(), verdict);
  assert.ok((await id(page, 'leaderboard-row').count()) >= 3);
  await id(page, 'predict-form').getByRole('button', { name: 'Predict this row' }).click();
  await id(page, 'predict-result').locator('.answer').waitFor();
  const after = readFileSync(await download(page, 'after.trellis', () => id(page, 'download-model').click()));
  assert.ok(after.equals(before), 'the model is another');

  // With rows alike the search goes on.
  await id(page, 'weights-select').selectOption('');
  await id(page, 'start-search').click();
  await page.getByRole('alert').filter({ hasText: 'row 7' }).waitFor({ state: 'detached' });
  await finished(page);
  assert.deepEqual(faults, []);
  await context.close();
});
