import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ExtensionExplorer } from './extension-explorer.js';

/** Import this module into every module that has a port for implementations of an application. */
@Module({ imports: [DiscoveryModule], providers: [ExtensionExplorer], exports: [ExtensionExplorer] })
export class ExtensionModule {}
