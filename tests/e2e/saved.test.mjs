// The builder and its page's server: pipelines that run there, and that are kept there by more than one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { browser, download, id, openPage, portraits, server, startServer, useServerAndBrowser } from './harness.mjs';
import { accessible, link, node, openDocument, pipeline } from './studio.mjs';

useServerAndBrowser();
const PASSWORD = 'a long enough password';
const rows = Array.from({ length: 160 }, (_, i) => `${i % 7},${i % 3},${(i % 7) + (i % 3) > 4 ? 'yes' : 'no'}`);
const table = { name: 't.csv', mimeType: 'text/csv', buffer: Buffer.from(`a,b,c\n${rows.join('\n')}\n`) };
const trained = (learner = 'learner.logistic', params = {}) =>
  pipeline(
    {
      data: ['source.file', { name: 't.csv' }],
      split: ['table.split', {}],
      model: [learner, { target: 'c', ...params }],
      judge: ['model.evaluate', {}],
    },
    [
      ['data.table', 'split.table'],
      ['split.train', 'model.table'],
      ['model.model', 'judge.model'],
      ['split.test', 'judge.table'],
    ],
    'Trained',
  );
const state = (page, name, is) => page.locator(`[data-testid=node-${name}][data-state="${is}"]`).waitFor({ timeout: 60_000 });

// The builder of a server, without the tour. Faults that a lost connection makes are none.
async function builder(url, path = '/#pipeline', options = {}) {
  const prepare = (context) => context.addInitScript(() => localStorage.setItem('trellis-tour', 'true'));
  const opened = await openPage(browser, url, { path, sends: true, prepare, ...options });
  await opened.page.locator('[data-testid=palette] [data-kind="table.split"]').waitFor({ state: 'attached', timeout: 30_000 });
  opened.grave = () => opened.faults.filter((fault) => !/404|412|401|ERR_|Failed to load/.test(fault));
  return opened;
}

async function withTable(url, document) {
  const opened = await builder(url, `/#p=${link(document)}`);
  await node(opened.page, 'data').click();
  await id(opened.page, 'source-file-input').setInputFiles(table);
  await state(opened.page, 'model', 'ready');
  return opened;
}

async function choose(page, item) {
  await page.locator('[popovertarget=file-panel]').click();
  await id(page, item).click();
}

async function model(page, name) {
  await node(page, 'model').click();
  await id(page, 'save-output').waitFor({ timeout: 30_000 });
  return readFileSync(await download(page, name, () => id(page, 'save-output').click()));
}

const posts = (page) => {
  const seen = [];
  page.on('request', (request) => request.method() === 'POST' && seen.push(new URL(request.url()).pathname));
  return seen;
};

test('a pipeline runs on the server: what comes out is here, the same as in the tab, and stays', { timeout: 240_000 }, async () => {
  const here = await withTable(server.url, trained());
  await id(here.page, 'run-all').click();
  await id(here.page, 'run-news').getByText('4 done').waitFor({ timeout: 120_000 });
  const expected = await model(here.page, 'here.trellis');
  await here.context.close();

  const { page, context, grave } = await withTable(server.url, trained());
  const sent = posts(page);
  // By keys alone: the dialog takes the keyboard, and gives it back.
  await page.locator('[popovertarget=file-panel]').focus();
  await page.keyboard.press('Enter');
  await id(page, 'run-on-server').waitFor();
  for (let i = 0; i < 12 && (await page.evaluate(() => document.activeElement?.dataset.testid)) !== 'run-on-server'; i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=send-to-server]:focus').waitFor();
  await page.keyboard.press('Escape');
  await id(page, 'server-dialog').waitFor({ state: 'detached' });
  await choose(page, 'run-on-server');
  const dialog = id(page, 'server-dialog');
  const offer = await dialog.innerText();
  assert.ok(offer.includes(new URL(server.url).host) && offer.includes('Trained'), offer);
  assert.match(offer, /The pipeline\s+[\d.]+ (bytes|[kM]B)[\s\S]*t\.csv\s+[\d.,]+ (bytes|[kM]B)/);
  assert.deepEqual(sent, [], 'nothing is sent before a word');
  assert.match(await id(page, 'bytes-sent').innerText(), /^0 bytes/);
  await accessible(page, 'the offer');
  await portraits(page, 'saved-offer');
  await id(page, 'send-to-server').click();
  await id(page, 'run-news').getByText('4 done').waitFor({ timeout: 120_000 });
  for (const name of ['split', 'model', 'judge']) await state(page, name, 'done');
  assert.deepEqual(await model(page, 'there.trellis'), expected, 'the same bytes');
  await node(page, 'judge').click();
  await id(page, 'score').first().waitFor({ timeout: 30_000 });
  await portraits(page, 'saved-ran');

  await page.waitForTimeout(900);
  await page.reload();
  await state(page, 'model', 'done');
  assert.deepEqual(await model(page, 'again.trellis'), expected, 'after a reload');

  // What a pin keeps is this tab's.
  const pin = () => id(page, 'inspector').getByRole('button', { name: 'Pin', exact: true }).click();
  await node(page, 'model').click();
  await pin();
  await choose(page, 'run-on-server');
  await id(page, 'pins-stay').waitFor();
  await portraits(page, 'saved-pins');
  await page.keyboard.press('Escape');
  await id(page, 'server-dialog').waitFor({ state: 'detached' });
  await node(page, 'model').click();
  await pin();

  // The table is there already.
  sent.length = 0;
  await choose(page, 'run-on-server');
  await id(page, 'send-to-server').click();
  await id(page, 'run-news').waitFor({ timeout: 60_000 });
  assert.deepEqual(sent.filter((path) => path.endsWith('/datasets')), []);
  assert.equal(sent.filter((path) => path.endsWith('/runs')).length, 1);
  assert.deepEqual(grave(), []);
  await context.close();
});

test('a run there can be stopped, outlasts the page, and says at its node what was refused', { timeout: 240_000 }, async () => {
  const { page, context, grave } = await withTable(server.url, trained('automl.search', { budget_secs: 60 }));
  await choose(page, 'run-on-server');
  await id(page, 'send-to-server').click();
  await state(page, 'model', 'running');
  await page.waitForTimeout(900);
  await page.reload();
  await state(page, 'model', 'running');
  await id(page, 'stop-run').click();
  await id(page, 'run-news').getByText('Stopped').waitFor({ timeout: 60_000 });
  await state(page, 'split', 'done');
  await node(page, 'split').click();
  await id(page, 'preview-table').waitFor({ timeout: 30_000 });
  assert.deepEqual(grave(), []);
  await context.close();

  const full = await withTable(server.url, trained('learner.logistic', { seed: 5 }));
  const detail = 'This project holds as much as it may. Delete data sets or models first.';
  const refuse = { status: 507, contentType: 'application/problem+json', body: JSON.stringify({ detail }) };
  await full.context.route(/by-hash/, (route) => route.fulfill({ status: 404 }));
  await full.context.route(/\/datasets\?/, (route) => route.fulfill(refuse));
  await choose(full.page, 'run-on-server');
  await id(full.page, 'send-to-server').click();
  await state(full.page, 'data', 'failed');
  await node(full.page, 'data').click();
  await id(full.page, 'inspector').getByText('holds as much as it may').first().waitFor();
  await full.context.close();
});

// A server with accounts, and a project of the first that the others see.
async function team(...names) {
  let said = '';
  const own = await startServer({ more: ['--set-up', '--workers', '1'], hear: (text) => (said += text) });
  while (!/token=\S+/.test(said)) await new Promise((resolve) => setTimeout(resolve, 50));
  const token = said.match(/token=(\S+)/)[1];
  const ask = async (method, path, body, cookie) => {
    const headers = { 'content-type': 'application/json', ...(cookie && { cookie }) };
    const answer = await fetch(own.url + path, { method, headers, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer;
  };
  const signIn = async (name) => {
    const answer = await ask('POST', '/api/v1/session', { name, password: PASSWORD });
    return answer.headers.get('set-cookie').split(';')[0];
  };
  await ask('POST', '/api/v1/set-up', { token, name: names[0], password: PASSWORD });
  const cookie = await signIn(names[0]);
  const ids = {};
  for (const name of names.slice(1)) {
    ids[name] = (await (await ask('POST', '/api/v1/accounts', { name, password: PASSWORD }, cookie)).json()).id;
  }
  const share = (project, name, role) => ask('PUT', `/api/v1/projects/${project}/members/${ids[name]}`, { role }, cookie);
  const project = async () => (await (await ask('GET', '/api/v1/projects', undefined, cookie)).json()).items[0].id;
  // A browser of somebody's own who has signed in.
  const enter = async (name, path) => {
    const opened = await builder(own.url, path);
    await opened.page.goto(`${own.url}/sign-in`);
    await opened.page.getByLabel('Name').fill(name);
    await opened.page.getByLabel('Password').fill(PASSWORD);
    await opened.page.getByRole('button', { name: 'Sign in' }).click();
    await opened.page.waitForURL(`${own.url}/`);
    await opened.page.goto(own.url + (path ?? '/#pipeline'));
    await opened.page.locator('[data-testid=palette] [data-kind="table.split"]').waitFor({ state: 'attached' });
    return opened;
  };
  return { ...own, share, project, enter };
}

const stands = (page, words) => id(page, 'server-state').getByText(words).waitFor({ timeout: 30_000 });
const comeBack = (page) => page.evaluate(() => window.dispatchEvent(new Event('focus')));
const add = (page, kind) => page.locator(`[data-testid=palette] [data-kind="${kind}"]`).click();
const small = pipeline({ data: ['source.paste', { text: 'a\n1\n' }], sort: ['table.sort', {}] }, [['data.table', 'sort.table']], 'Shops');

test('two people save one project, see each other, and lose nothing', { timeout: 240_000 }, async () => {
  const own = await team('Ada', 'Ben', 'Cyd');
  after(() => own.stop());
  const ada = await own.enter('Ada', `/#p=${link(small)}`);
  await choose(ada.page, 'save-on-server');
  assert.equal(await id(ada.page, 'project-name').inputValue(), 'Shops');
  await accessible(ada.page, 'saving');
  await portraits(ada.page, 'saved-save');
  await id(ada.page, 'save-project-here').click();
  await stands(ada.page, 'Saved · version 1');
  const project = await own.project();
  await own.share(project, 'Ben', 'editor');
  await own.share(project, 'Cyd', 'viewer');

  const ben = await own.enter('Ben');
  await choose(ben.page, 'open-from-server');
  await id(ben.page, 'server-project').getByText('Versions').click();
  await id(ben.page, 'versions').getByText(/Version 1 · .* · Ada/).waitFor();
  await accessible(ben.page, 'opening');
  await portraits(ben.page, 'saved-open');
  await ben.page.getByRole('button', { name: 'Open Shops' }).click();
  await stands(ben.page, 'Saved · version 1');
  assert.deepEqual(await openDocument(ben.page), await openDocument(ada.page));

  // Ben saves; Ada, who has changed nothing, sees it and takes it.
  await add(ben.page, 'table.split');
  await stands(ben.page, 'Changed since version 1');
  await id(ben.page, 'server-save').click();
  await stands(ben.page, 'Saved · version 2');
  await id(ada.page, 'newer').getByText(/Ben saved a newer version \(2\)/).waitFor({ timeout: 40_000 });
  await portraits(ada.page, 'saved-newer');
  await id(ada.page, 'newer-look').click();
  assert.match(await id(ada.page, 'theirs').innerText(), /added Split/);
  assert.equal(await id(ada.page, 'mine').innerText(), 'nothing');
  await id(ada.page, 'take-theirs').click();
  await stands(ada.page, 'Saved · version 2');
  assert.deepEqual(await openDocument(ada.page), await openDocument(ben.page));

  // Both change; whoever saves second decides.
  await add(ada.page, 'source.sample');
  await id(ada.page, 'server-save').click();
  await stands(ada.page, 'Saved · version 3');
  await id(ben.page, 'pipeline-title').fill('Shops of Ben');
  await add(ben.page, 'table.sample');
  const bens = await openDocument(ben.page);
  await id(ben.page, 'server-save').click();
  const differs = id(ben.page, 'differences');
  await differs.waitFor();
  assert.match(await id(ben.page, 'theirs').innerText(), /^added Sample/);
  assert.match(await id(ben.page, 'mine').innerText(), /^added .*; another title$/);
  await accessible(ben.page, 'two versions');
  await portraits(ben.page, 'saved-conflict');
  await ben.page.keyboard.press('Escape');
  await stands(ben.page, 'Newer version');
  await id(ben.page, 'server-save').click();
  await id(ben.page, 'keep-mine').click();
  await stands(ben.page, 'Saved · version 4');
  assert.deepEqual(await openDocument(ben.page), bens);

  // Ada has changed meanwhile, takes Ben's, and gets her own back by one Undo.
  await add(ada.page, 'table.sort');
  const adas = await openDocument(ada.page);
  await comeBack(ada.page);
  await id(ada.page, 'newer-look').click();
  await id(ada.page, 'take-theirs').click();
  await stands(ada.page, 'Saved · version 4');
  assert.deepEqual(await openDocument(ada.page), bens);
  await id(ada.page, 'undo').click();
  assert.deepEqual(await openDocument(ada.page), adas);
  await stands(ada.page, 'Changed since version 4');
  await choose(ada.page, 'save-on-server');
  await id(ada.page, 'project-name').fill('Shops of Ada');
  await id(ada.page, 'save-project-here').click();
  await stands(ada.page, 'Saved · version 1');

  // Who may only look is told so; who is not known is asked to sign in.
  const cyd = await own.enter('Cyd');
  await choose(cyd.page, 'open-from-server');
  await cyd.page.getByRole('button', { name: 'Open Shops' }).click();
  await stands(cyd.page, 'Version 4 · read only');
  const nobody = await builder(own.url);
  await choose(nobody.page, 'save-on-server');
  await id(nobody.page, 'sign-in').waitFor();
  await portraits(nobody.page, 'saved-signed-out');
  for (const { grave, context } of [ada, ben, cyd, nobody]) {
    assert.deepEqual(grave(), []);
    await context.close();
  }
});

test('a pipeline is saved with its tables, and whoever opens it fetches them', { timeout: 120_000 }, async () => {
  const one = await withTable(server.url, trained());
  await choose(one.page, 'save-on-server');
  await id(one.page, 'project-name').fill('With tables');
  await id(one.page, 'with-tables').check();
  await id(one.page, 'save-project-here').click();
  await stands(one.page, 'Saved · version 1');
  // A name that is taken is not written over.
  await choose(one.page, 'save-on-server');
  await id(one.page, 'project-name').fill('With tables');
  await id(one.page, 'save-project-here').click();
  await id(one.page, 'server-said').getByText('There is a project "With tables" already.').waitFor();

  const { page, context, grave } = await builder(server.url);
  await choose(page, 'open-from-server');
  await page.getByRole('button', { name: 'Open With tables' }).click();
  await id(page, 'shelved').getByText('t.csv').waitFor();
  await portraits(page, 'saved-shelved');
  await id(page, 'fetch-shelved').click();
  await state(page, 'model', 'ready');
  // A page that is loaded again is of the same project.
  await page.waitForTimeout(900);
  await page.reload();
  await stands(page, 'Saved · version 1');
  assert.deepEqual([...one.grave(), ...grave()], []);
  await one.context.close();
  await context.close();
});

test('what is saved without a server waits, also for the next visit, and meets what others saved', { timeout: 240_000 }, async () => {
  const { page, context, grave } = await builder(server.url, `/#p=${link(small)}`);
  await choose(page, 'save-on-server');
  await id(page, 'project-name').fill('Offline');
  await id(page, 'save-project-here').click();
  await stands(page, 'Saved · version 1');

  await context.setOffline(true);
  await add(page, 'table.split');
  await id(page, 'server-save').click();
  await stands(page, 'Will be saved when the server is back');
  await portraits(page, 'saved-waits');
  await context.setOffline(false);
  await stands(page, 'Saved · version 2');

  // The page is there, and what keeps and runs is not.
  const gone = (route) => route.abort();
  await context.route(/\/api\//, gone);
  await add(page, 'table.sample');
  const mine = await openDocument(page);
  await id(page, 'server-save').click();
  await stands(page, 'Will be saved when the server is back');
  await page.waitForTimeout(900);
  await page.reload();
  await stands(page, 'Will be saved when the server is back');
  assert.deepEqual(await openDocument(page), mine);

  const other = await builder(server.url);
  await choose(other.page, 'open-from-server');
  await other.page.getByRole('button', { name: 'Open Offline' }).click();
  await stands(other.page, 'Saved · version 2');
  await id(other.page, 'pipeline-title').fill('Meanwhile');
  await id(other.page, 'server-save').click();
  await stands(other.page, 'Saved · version 3');
  await context.unroute(/\/api\//, gone);
  await id(page, 'differences').waitFor({ timeout: 30_000 });
  assert.equal(await id(page, 'theirs').innerText(), 'another title');
  await id(page, 'keep-mine').click();
  await stands(page, 'Saved · version 4');
  assert.deepEqual(await openDocument(page), mine);
  await id(other.page, 'newer').waitFor({ timeout: 40_000 });
  await id(other.page, 'newer-take').click();
  assert.deepEqual(await openDocument(other.page), mine);
  for (const opened of [{ grave, context }, other]) {
    assert.deepEqual(opened.grave(), []);
    await opened.context.close();
  }
});
