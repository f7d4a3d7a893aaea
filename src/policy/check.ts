// Checks a YAML document by a schema, and says at which line and column it is wrong.

import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type YAMLMap,
} from 'yaml';
import type { Schema } from './schema.ts';

/** What is wrong, and where: lines and columns count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** A value by its place in the document, such as `exceptions`, 2, `expires`. */
export type Place = readonly (string | number)[];

/** Problems of one document. */
export class Checker {
  readonly problems: Problem[] = [];
  private readonly document: Document;
  private readonly lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.document = document;
    this.lines = lines;
  }

  /** Notes what the document has that the schema does not allow. */
  check(schema: Schema): void {
    const { contents } = this.document;
    // An empty file, or one of comments, is a policy that says nothing.
    if (contents === null || (isScalar(contents) && contents.value === null)) return;
    this.node(contents as Node, schema, '');
  }

  /** Notes a problem of the value at that place. */
  say(place: Place, text: string): void {
    const node = this.document.getIn(place, true);
    this.note(node, text);
  }

  note(node: unknown, text: string): void {
    const offset = (node as Node | null)?.range?.[0] ?? 0;
    this.at(offset, text);
  }

  at(offset: number, text: string): void {
    const { line, col } = this.lines.linePos(offset);
    this.problems.push({ line: Math.max(line, 1), column: Math.max(col, 1), text });
  }

  /** `place` is what a problem of a value that is not there is noted at. */
  private node(given: unknown, schema: Schema, name: string, place: unknown = null): void {
    const node = isAlias(given) ? given.resolve(this.document) : given;
    const at = given ?? place;
    const where = name === '' ? 'the policy' : name;
    if (schema.anyOf !== undefined) {
      const fitting = schema.anyOf.find((one) => hasType(node, one));
      if (fitting === undefined) {
        this.note(at, `${where} must be ${schema.anyOf.map(typeName).join(' or ')}`);
      } else this.node(node, fitting, name, at);
      return;
    }
    if (!hasType(node, schema)) this.note(at, `${where} must be ${typeName(schema)}`);
    else if (isMap(node)) this.map(node, schema, name);
    else if (isSeq(node)) this.list(node.items, node, schema, where);
    else if (isScalar(node)) this.scalar(node, node.value, schema, where);
  }

  private map(map: YAMLMap, schema: Schema, name: string): void {
    const properties = schema.properties ?? {};
    for (const pair of map.items) {
      if (!isPair(pair)) continue;
      const key = isScalar(pair.key) ? String(pair.key.value) : '?';
      if (!Object.hasOwn(properties, key)) {
        this.note(pair.key, `there is no "${key}" here: ${Object.keys(properties).join(', ')}`);
      } else this.node(pair.value, properties[key], key, pair.key);
    }
    for (const key of schema.required ?? []) {
      if (!map.has(key)) this.note(map, `${name === '' ? 'it' : 'this entry'} needs "${key}"`);
    }
    if (map.items.length < (schema.minProperties ?? 0)) {
      this.note(map, 'this entry says too little: it would match everything');
    }
  }

  private list(items: readonly unknown[], node: Node, schema: Schema, where: string): void {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
    if (items.length < minItems) this.note(node, `${where} needs at least ${minItems}`);
    if (items.length > maxItems) this.note(node, `${where} has more than ${maxItems}`);
    if (schema.items === undefined) return;
    for (const item of items) this.node(item, schema.items, where);
  }

  private scalar(node: Node, value: unknown, schema: Schema, where: string): void {
    if (schema.const !== undefined && value !== schema.const)
      this.note(node, `${where} must be ${schema.const}`);
    if (typeof value === 'number') {
      const { minimum = value, maximum = value } = schema;
      if (value < minimum || value > maximum) {
        this.note(node, `${where} must be from ${minimum} to ${maximum}, not ${value}`);
      }
    }
    if (typeof value !== 'string') return;
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
      this.note(node, `${where} must be one of ${schema.enum.join(', ')}, not "${value}"`);
    }
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
      this.note(node, `${where} cannot be "${value}"${schema.description ? `: ${schema.description}` : ''}`);
    }
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
    if (value.length < minLength || value.length > maxLength) {
      this.note(node, `${where} must have from ${minLength} to ${maxLength} characters`);
    }
  }
}

function hasType(node: unknown, schema: Schema): boolean {
  switch (schema.type) {
    case 'object':
      return isMap(node);
    case 'array':
      return isSeq(node);
    case 'integer':
      return isScalar(node) && Number.isInteger(node.value);
    case 'string':
      return isScalar(node) && typeof node.value === 'string';
    case 'null':
      return node === null || (isScalar(node) && node.value === null);
    default:
      return isScalar(node);
  }
}

function typeName(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return `an entry with ${Object.keys(schema.properties ?? {}).join(', ')}`;
    case 'array':
      return 'a list';
    case 'integer':
      return 'a whole number';
    case 'null':
      return 'nothing';
    case 'string':
      return schema.pattern?.startsWith('^[0-9]{1,5}-') ? 'a range FIRST-LAST' : 'text';
    default:
      return schema.const === undefined ? 'a value' : String(schema.const);
  }
}
