// A search that the page's server runs: said before it is sent, sent once, heard as if it ran in the tab.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { alerted, browser, finished, id, openPage, root, server, shot, startServer, useServerAndBrowser } from './harness.mjs';

const churn = join(root, 'public/samples/churn.csv');
useServerAndBrowser();

const sent = async (page) => (await id(page, 'bytes-sent').innerText()).replace(/ sent.*/, '');
const uploads = (page) => {
  const seen = [];
  page.on('request', (request) => request.method() === 'POST' && seen.push(new URL(request.url()).pathname));
  return seen;
};

async function offered(page, seconds) {
  await id(page, 'file-input').setInputFiles(churn);
  await page.getByRole('table', { name: 'Preview of the table' }).waitFor();
  await id(page, 'budget-input').fill(String(seconds));
  await id(page, 'run-on-server').click();
  await id(page, 'server-offer').waitFor();
}

test('a search runs on the server and its model opens here', { timeout: 180_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url, { sends: true });
  const posted = uploads(page);
  await offered(page, 6);
  const offer = await id(page, 'server-offer').innerText();
  assert.match(offer, /churn\.csv/);
  assert.match(offer, /[\d.]+ [kM]B/);
  assert.ok(offer.includes(new URL(server.url).host), offer);
  assert.deepEqual(posted, [], 'nothing is sent before a word');
  assert.match(await sent(page), /^0 bytes/);
  await shot(page, 'server-offer');

  await id(page, 'send-to-server').click();
  await id(page, 'on-server').waitFor();
  await id(page, 'leaderboard-row').first().waitFor({ timeout: 60_000 });
  await shot(page, 'server-search', true);
  await finished(page);
  assert.match(await page.getByTestId('verdict').innerText(), /Guessing .* this model/);
  assert.doesNotMatch(await sent(page), /^0 bytes/);
  await page.waitForFunction(() => !document.querySelector('[data-testid=on-server]'));
  assert.ok(posted.some((path) => path.endsWith('/datasets')));

  // The model is here: a row is predicted without the server.
  const before = posted.length;
  await id(page, 'predict-form').locator('button[type=submit], button').first().click();
  await id(page, 'predict-result').waitFor();
  assert.equal(posted.length, before);

  // The table is there already, and is not sent again.
  posted.length = 0;
  await id(page, 'run-on-server').click();
  await id(page, 'send-to-server').click();
  await id(page, 'on-server').waitFor();
  assert.deepEqual(posted.filter((path) => path.endsWith('/datasets')), []);
  await id(page, 'stop-search').click();
  await finished(page);
  assert.deepEqual(faults.filter((fault) => !/by-hash/.test(fault) && !/404/.test(fault)), []);
  await context.close();
});

test('the keyboard stays with the offer, and none is made where no server runs searches', { timeout: 60_000 }, async () => {
  const { page, context } = await openPage(browser, server.url);
  const posted = uploads(page);
  await offered(page, 6);
  const focused = () => page.evaluate(() => document.activeElement.dataset.testid);
  await page.waitForFunction(() => document.activeElement.dataset.testid === 'server-offer');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.activeElement.dataset.testid === 'run-on-server');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.dataset.testid === 'server-offer');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'send-to-server');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.dataset.testid === 'run-on-server');

  // A place that only gives the page away.
  await page.route('**/api/v1/me', (route) => route.fulfill({ status: 404, contentType: 'text/html', body: 'none' }));
  await page.keyboard.press('Enter');
  await alerted(page, /runs no searches/);
  assert.equal(await id(page, 'server-offer').count(), 0);
  assert.deepEqual(posted, []);
  await context.close();
});

test('a run goes on without the page, and is heard again by the next visit', { timeout: 180_000 }, async () => {
  const { page, context } = await openPage(browser, server.url, { sends: true });
  await offered(page, 12);
  await id(page, 'send-to-server').click();
  await id(page, 'leaderboard-row').first().waitFor({ timeout: 60_000 });
  await page.reload();
  await id(page, 'on-server').waitFor({ timeout: 30_000 });
  await finished(page);
  assert.match(await page.getByTestId('verdict').innerText(), /this model/);
  await context.close();
});

test('a place that runs nothing is said so, and the tab searches by itself', { timeout: 120_000 }, async () => {
  const gone = await startServer();
  const { page, context } = await openPage(browser, gone.url, { sends: true });
  await offered(page, 3);
  await gone.stop();
  await id(page, 'send-to-server').click();
  await page.getByRole('alert').filter({ hasText: 'The server cannot be reached.' }).first().waitFor();
  await id(page, 'start-search').click();
  await finished(page);
  await context.close();
});
