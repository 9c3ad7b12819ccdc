import type { Page } from 'playwright-core';

/** The rows of the list of traces that are in the page. */
export const rows = (page: Page) => page.locator('.table .rows .row');
export const list = (page: Page) => page.getByRole('region', { name: 'List of traces' });
/** The spans of an open trace. */
export const spans = (page: Page) => page.getByRole('treeitem');
/** What is known of the selected span. */
export const panel = (page: Page) => page.getByRole('complementary', { name: 'The selected span' });
/** The suggestions of the search box. */
export const offered = (page: Page) => page.getByRole('listbox').getByRole('option');
export const searchBox = (page: Page) =>
  page.getByRole('textbox', { name: 'Search: text, filter expression or trace id' });
