import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ExtensionExplorer } from './extension-explorer.js';

/** Every module must import this module if it has a port that an application may implement. */
@Module({ imports: [DiscoveryModule], providers: [ExtensionExplorer], exports: [ExtensionExplorer] })
export class ExtensionModule {}
