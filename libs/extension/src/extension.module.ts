import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ExtensionExplorer } from './extension-explorer.js';

/** Every module with a port that an application may implement imports this module. */
@Module({ imports: [DiscoveryModule], providers: [ExtensionExplorer], exports: [ExtensionExplorer] })
export class ExtensionModule {}
